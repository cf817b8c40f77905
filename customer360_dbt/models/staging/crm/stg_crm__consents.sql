with source as (
    select * from {{ source('silver', 'crm__consents') }}
),

renamed as (
    select
        contact_id,
        purpose,
        channel,
        status,
        changed_at
    from source
)

select * from renamed
