{{ config(meta={"sorted_by": ["customer_id", "entity", "record_key"]}) }}
{#- Matching compares representatives of records: every account, contact and profile, and of the orders of a guest
    the newest one. -#}
{%- set identifier_types = ("account_id", "contact_id", "email", "loyalty_card", "phone", "social_handle") -%}
with compared as (
    select * from {{ ref('stg_identity__match_records') }}
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

identifiers as (
    select * from {{ ref('stg_identity__customer_identifiers') }}
),

matches as (
    select * from {{ ref('stg_identity__customer_matches') }}
    where is_link
),

records as (
    select
        compared.node,
        compared.entity,
        compared.record_key,
        links.customer_id,
        links.matched_by,
        coalesce(links.is_personal, false) as is_personal
    from compared
    inner join links
        on links.entity = compared.entity
        and links.record_key = compared.record_key
),

carried as (
    select
        identifiers.entity,
        identifiers.record_key,
        identifiers.identifier_type,
        identifiers.first_seen_on,
        identifiers.is_linking
        and count(case when identifiers.is_linking then 1 end) over (
            partition by records.customer_id, identifiers.identifier_type, identifiers.identifier_value
        ) > 1 as is_shared
    from identifiers
    inner join records
        on records.entity = identifiers.entity
        and records.record_key = identifiers.record_key
),

identified as (
    select
        entity,
        record_key,
        min(first_seen_on) as first_seen_on,
        concat_ws(
            ','
            {%- for identifier_type in identifier_types %},
            max(case when identifier_type = '{{ identifier_type }}' and is_shared then identifier_type end)
            {%- endfor %}
        ) as shared_identifier_types
    from carried
    group by entity, record_key
),

linked as (
    select
        explode(array(matches.node_1, matches.node_2)) as node,
        matches.match_weight
    from matches
    inner join records as ones on ones.node = matches.node_1
    inner join records as others
        on others.node = matches.node_2
        and others.customer_id = ones.customer_id
),

strongest as (
    select node, max(match_weight) as match_weight
    from linked
    group by node
),

joined as (
    select
        records.customer_id,
        records.entity,
        records.record_key,
        records.matched_by,
        records.is_personal,
        identified.first_seen_on,
        coalesce(identified.shared_identifier_types, '') as shared_identifier_types,
        cast(strongest.match_weight as decimal(18,4)) as best_match_weight
    from records
    left join identified
        on identified.entity = records.entity
        and identified.record_key = records.record_key
    left join strongest on strongest.node = records.node
)

select * from joined
