{{ config(meta={"sorted_by": ["term", "term_kind", "customer_id"]}) }}
with claimed as (
    select * from {{ ref('stg_identity__customer_values') }}
),

identifiers as (
    -- Text that somebody typed to fill a field finds nobody.
    select * from {{ ref('stg_identity__customer_identifiers') }}
    where coalesce(excluded_because <> 'placeholder', true)
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

crosswalk as (
    select * from {{ ref('stg_identity__customer_crosswalk') }}
),

customers as (
    select * from {{ ref('stg_identity__customers') }}
),

contacts as (
    select * from {{ ref('stg_crm__contacts') }}
),

accounts as (
    select * from {{ ref('stg_ecommerce__accounts') }}
),

compared as (
    -- Chinese syllables of a Japanese name would find nobody.
    select * from {{ ref('stg_identity__match_records') }}
    where script <> 'han'
),

names as (
    -- Contacts and accounts tell given and family name apart; elsewhere the last word is the family name.
    select
        claimed.customer_id,
        coalesce(
            contacts.first_name,
            accounts.first_name,
            nullif(substr(claimed.value, 1, length(claimed.value)
                - length(substring_index(claimed.value, ' ', -1))), '')
        ) as first_name,
        coalesce(contacts.last_name, accounts.last_name, substring_index(claimed.value, ' ', -1)) as last_name
    from claimed
    left join contacts
        on claimed.entity = 'crm__contacts' and contacts.contact_id = claimed.record_key
    left join accounts
        on claimed.entity = 'ecommerce__accounts' and accounts.account_id = claimed.record_key
    where claimed.attribute = 'name'
    union all
    -- As people type it who lack the letters: Müller as mueller, Иванов as ivanov.
    select links.customer_id, compared.first_name, compared.last_name
    from compared
    inner join links
        on links.entity = compared.entity
        and links.record_key = compared.record_key
),

carried as (
    select distinct
        links.customer_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.raw_value
    from identifiers
    inner join links
        on links.entity = identifiers.entity
        and links.record_key = identifiers.record_key
    where identifiers.identifier_type <> 'anonymous_id'
),

terms as (
    select
        explode(array(concat_ws(' ', first_name, last_name), concat_ws(' ', last_name, first_name))) as term,
        'name' as term_kind,
        customer_id
    from names
    union all
    -- An address also as it was written: mailboxes are compared without dots and tags that do not count.
    select
        explode(
            case identifier_type
                when 'email' then array(identifier_value, raw_value)
                when 'social_handle' then array(regexp_replace(identifier_value, '^[^|]*[|]', ''))
                else array(identifier_value)
            end
        ) as term,
        case identifier_type when 'social_handle' then 'handle' else identifier_type end as term_kind,
        customer_id
    from carried
    union all
    select customer_id as term, 'customer_id' as term_kind, customer_id from customers
    union all
    select customer_id as term, 'former_id' as term_kind, current_id as customer_id from crosswalk
    where valid_to is null and current_id <> customer_id
),

normalised as (
    select
        lower(trim(regexp_replace(term, '[ \t\r\n]+', ' '))) as term,
        term_kind,
        customer_id
    from terms
),

found as (
    select distinct term, term_kind, customer_id
    from normalised
    where length(term) between 1 and 200
)

-- By term, so that those with one beginning lie side by side.
select * from found
