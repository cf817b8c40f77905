{{ config(meta={"dagster": {"ref": {"name": "fct_web_sessions"}}}) }}
with events as (
    select count(*) as event_count from {{ ref('stg_web__events') }}
),

sessions as (
    select coalesce(sum(event_count), 0) as event_count from {{ ref('fct_web_sessions') }}
)

select events.event_count, sessions.event_count as in_sessions
from events
cross join sessions
where events.event_count <> sessions.event_count
