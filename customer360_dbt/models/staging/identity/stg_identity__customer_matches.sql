with source as (
    select * from {{ source('silver', 'customer_matches') }}
),

renamed as (
    select
        node_1,
        node_2,
        match_weight,
        is_link,
        linked_by,
        conflict
    from source
)

select * from renamed
