{#- A test compares the rules with those of docs/quarantine.md. -#}
with records as (
    select * from {{ ref('stg_quarantine__records') }}
),

summed as (
    select
        entity,
        rule,
        coalesce(column_name, '') as column_name,
        count(*) as record_count,
        min(landed_on) as first_landed_on,
        max(landed_on) as last_landed_on
    from records
    group by entity, rule, coalesce(column_name, '')
),

explained as (
    select
        entity,
        rule,
        column_name,
        case rule
            when 'missing' then 'A key, clock or amount is absent or blank'
            when 'not_a_timestamp' then 'A required moment cannot be read'
            when 'not_a_number' then 'A required number cannot be read'
            when 'not_allowed' then 'A required value is none of those allowed'
            when 'after_landing_day' then 'Dated more than a day after the day of landing'
            when 'currency_not_supported' then 'In another currency than the reporting currency'
            when 'conflicting_key' then 'Another record with other content landed the key before'
            when 'not_a_list' then 'A nested list is no list of objects'
            when 'repeated' then 'A nested list repeats its key'
            when 'malformed_json' then 'No JSON object'
            when 'bad_encoding' then 'Bytes that are not UTF-8'
            when 'unclosed_quote' then 'A quote is not closed'
            when 'stray_quote' then 'A quote where none may be'
            when 'wrong_field_count' then 'More or fewer cells than the header'
            when 'line_too_long' then 'A line above 32 MiB'
            when 'truncated_gzip' then 'The compressed file ends early'
            when 'unreadable_file' then 'The file cannot be opened or is damaged'
            else rule
        end as reason,
        record_count,
        first_landed_on,
        last_landed_on
    from summed
)

select * from explained
