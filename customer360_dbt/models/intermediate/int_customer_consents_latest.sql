with consents as (
    select * from {{ ref('stg_crm__consents') }}
    where purpose = 'marketing' and status is not null
),

links as (
    select * from {{ ref('stg_identity__customer_links') }}
),

decided as (
    select
        links.customer_id,
        consents.channel,
        consents.status,
        -- Two contacts of one person that disagree at one moment: the refusal counts.
        row_number() over (
            partition by links.customer_id, consents.channel
            order by
                consents.changed_at desc,
                case when consents.status = 'granted' then 1 else 0 end,
                consents.status
        ) as newest_rank
    from consents
    inner join links
        on links.entity = 'crm__contacts'
        and links.record_key = consents.contact_id
),

by_channel as (
    select
        customer_id,
        max(case when channel = 'email' then status end) as email_consent,
        max(case when channel = 'sms' then status end) as sms_consent,
        max(case when channel = 'phone' then status end) as phone_consent,
        max(case when channel = 'post' then status end) as post_consent
    from decided
    where newest_rank = 1
    group by customer_id
)

select * from by_channel
