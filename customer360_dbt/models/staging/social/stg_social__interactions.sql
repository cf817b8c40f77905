with source as (
    select * from {{ source('silver', 'social__interactions') }}
),

renamed as (
    select
        network,
        interaction_id,
        handle,
        kind,
        text,
        occurred_at,
        campaign_id
    from source
)

select * from renamed
