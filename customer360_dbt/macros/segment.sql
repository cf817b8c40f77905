{#- The segment of a buyer or of somebody who never bought, by columns at hand: recency_days, the three scores
    and days_since_first_order. The first rule that matches names it; models/marts/customers/segments.md explains
    the rules in the same order, and a test compares the two. -#}
{% macro segment() -%}
        case
            when recency_days is null then 'never_bought'
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
            when recency_score >= 3 and frequency_score >= 4 then 'loyal'
            when recency_score >= 3 and monetary_score = 5 then 'big_spender'
            when days_since_first_order <= {{ var('new_customer_days') }} then 'new'
            when recency_score >= 4 then 'promising'
            when recency_score <= 2 and (frequency_score >= 4 or monetary_score >= 4) then 'at_risk'
            when recency_score = 1 then 'lost'
            else 'occasional'
        end
{%- endmacro %}
