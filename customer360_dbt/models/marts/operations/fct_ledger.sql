with entries as (
    select * from {{ ref('stg_ops__ledger') }}
),

landed as (
    select * from entries where hop = 'landing_to_bronze'
),

accounted as (
    select * from entries where hop = 'bronze_to_silver'
),

joined as (
    select
        landed.entity,
        landed.landed_on,
        landed.records_in as landed_count,
        accounted.current_count,
        accounted.superseded_count,
        accounted.duplicate_count,
        accounted.quarantined_count,
        accounted.repaired_count,
        landed.records_missing + accounted.records_missing as missing_count,
        {{ ratio("accounted.quarantined_count", "landed.records_in", 4) }} as quarantined_share,
        accounted.amount_in as landed_amount,
        accounted.amount_missing as missing_amount,
        landed.records_missing = 0 and accounted.records_missing = 0
            and accounted.amount_missing = 0 as is_closed
    from landed
    inner join accounted
        on accounted.entity = landed.entity
        and accounted.landed_on = landed.landed_on
)

select * from joined
