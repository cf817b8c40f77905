with source as (
    select * from {{ source('silver', 'service__ticket_messages') }}
),

renamed as (
    select
        ticket_id,
        message_number,
        author,
        sent_at,
        text
    from source
)

select * from renamed
