with source as (
    select * from {{ source('silver', 'social__profiles') }}
),

renamed as (
    select
        network,
        handle,
        display_name,
        email,
        followers as follower_count,
        updated_at
    from source
)

select * from renamed
