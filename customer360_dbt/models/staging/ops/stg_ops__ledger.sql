with source as (
    select * from {{ source('ops', 'ledger') }}
),

renamed as (
    select
        entity,
        landed_on,
        hop,
        records_in,
        records_missing,
        current as current_count,
        superseded as superseded_count,
        duplicate as duplicate_count,
        quarantined as quarantined_count,
        repaired as repaired_count,
        amount_in,
        amount_missing
    from source
)

select * from renamed
