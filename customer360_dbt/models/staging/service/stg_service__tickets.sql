with source as (
    select * from {{ source('silver', 'service__tickets') }}
),

renamed as (
    select
        ticket_id,
        email,
        phone,
        account_id,
        channel,
        topic,
        priority,
        status,
        coalesce(opened_at, updated_at) as opened_at,
        updated_at,
        closed_at,
        csat as csat_score
    from source
)

select * from renamed
