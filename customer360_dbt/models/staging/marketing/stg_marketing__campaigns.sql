with source as (
    select * from {{ source('silver', 'marketing__campaigns') }}
),

renamed as (
    select
        campaign_id,
        name as campaign_name,
        channel,
        started_on,
        ended_on,
        budget_amount,
        updated_at
    from source
)

select * from renamed
