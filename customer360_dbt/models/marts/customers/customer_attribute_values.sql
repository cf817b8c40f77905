{{ config(meta={"sorted_by": ["customer_id", "attribute", "rank"]}) }}
with claimed as (
    select * from {{ ref('stg_identity__customer_values') }}
),

marked as (
    select
        customer_id,
        attribute,
        value,
        rank,
        rank = 1 as is_chosen,
        entity,
        record_key,
        claimed_at,
        record_count,
        why
    from claimed
)

select * from marked
