-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
-- select * from metrics.fct_web_sessions('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.fct_web_sessions(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        count(case when [is_cart_abandoned] = 1 then [session_key] end) AS [abandoned_carts],
        cast(round(cast(count(case when [purchase_count] >= 1 then [session_key] end) as decimal(28,8)) / nullif(cast(count([session_key]) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [session_conversion_rate],
        count([session_key]) AS [sessions],
        count(case when [purchase_count] >= 1 then [session_key] end) AS [sessions_with_purchase]
    FROM gold.fct_web_sessions
    WHERE [started_on] BETWEEN @first_day AND @last_day
);
GO
-- select * from metrics.fct_orders('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.fct_orders(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        count(distinct case when [is_purchase] = 1 then [customer_id] end) AS [active_customers],
        cast(round(cast(coalesce(cast(sum(case when [is_purchase] = 1 then [revenue_amount] end) as decimal(18,2)), 0) as decimal(28,8)) / nullif(cast(count(case when [is_purchase] = 1 then [order_key] end) as decimal(28,8)), 0), 2) as decimal(18,2)) AS [average_basket],
        count(distinct case when [purchase_number] = 1 then [customer_id] end) AS [new_customers],
        coalesce(cast(sum(case when [is_purchase] = 1 then [revenue_amount] end) as decimal(18,2)), 0) AS [purchased_amount],
        count(case when [is_purchase] = 1 then [order_key] end) AS [purchases],
        cast(round(cast(count(distinct case when [purchase_number] >= 2 then [customer_id] end) as decimal(28,8)) / nullif(cast(count(distinct case when [is_purchase] = 1 then [customer_id] end) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [repeat_rate],
        count(distinct case when [purchase_number] >= 2 then [customer_id] end) AS [returning_customers],
        coalesce(cast(sum([revenue_amount]) as decimal(18,2)), 0) AS [revenue],
        coalesce(cast(sum(case when [channel] = 'store' then [revenue_amount] end) as decimal(18,2)), 0) AS [store_revenue],
        coalesce(cast(sum(case when [channel] = 'web' then [revenue_amount] end) as decimal(18,2)), 0) AS [web_revenue]
    FROM gold.fct_orders
    WHERE [ordered_on] BETWEEN @first_day AND @last_day
);
GO
-- select * from metrics.customer_360('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.customer_360(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        count(case when [order_count] >= 1 then [customer_id] end) AS [buyers],
        count([customer_id]) AS [customers],
        count(case when [segment] = 'at_risk' then [customer_id] end) AS [customers_at_risk],
        count(case when [is_email_allowed] = 1 then [customer_id] end) AS [email_reachable_customers],
        coalesce(cast(sum(case when [segment] = 'at_risk' then [lifetime_spend_amount] end) as decimal(18,2)), 0) AS [spend_at_risk]
    FROM gold.customer_360
    WHERE [as_of_date] BETWEEN @first_day AND @last_day
);
GO
-- select * from metrics.campaign_performance('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.campaign_performance(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        cast(round(cast(coalesce(cast(sum([clicked_count]) as bigint), 0) as decimal(28,8)) / nullif(cast(coalesce(cast(sum([sent_count]) as bigint), 0) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [click_rate],
        coalesce(cast(sum([clicked_count]) as bigint), 0) AS [messages_clicked],
        coalesce(cast(sum([opened_count]) as bigint), 0) AS [messages_opened],
        coalesce(cast(sum([sent_count]) as bigint), 0) AS [messages_sent],
        cast(round(cast(coalesce(cast(sum([opened_count]) as bigint), 0) as decimal(28,8)) / nullif(cast(coalesce(cast(sum([sent_count]) as bigint), 0) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [open_rate],
        coalesce(cast(sum(case when [assigned_group] = 'treatment' then [people_count] end) as bigint), 0) AS [treatments],
        coalesce(cast(sum(case when [assigned_group] = 'treatment' then [buyer_count] end) as bigint), 0) AS [treatments_with_purchase]
    FROM gold.campaign_performance
    WHERE [started_on] BETWEEN @first_day AND @last_day
);
GO
-- select * from metrics.fct_order_lines('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.fct_order_lines(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        count(case when [is_return] = 1 and [is_cancelled] = 0 then [order_line_key] end) AS [lines_returned],
        count(case when [is_return] = 0 and [is_cancelled] = 0 then [order_line_key] end) AS [lines_sold],
        cast(round(cast(count(case when [is_return] = 1 and [is_cancelled] = 0 then [order_line_key] end) as decimal(28,8)) / nullif(cast(count(case when [is_return] = 0 and [is_cancelled] = 0 then [order_line_key] end) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [return_rate]
    FROM gold.fct_order_lines
    WHERE [ordered_on] BETWEEN @first_day AND @last_day
);
GO
-- select * from metrics.fct_tickets('2026-01-01', '2026-01-31')
CREATE OR ALTER FUNCTION metrics.fct_tickets(@first_day date, @last_day date)
RETURNS TABLE AS RETURN (
    SELECT
        count(case when [is_open] = 1 then [ticket_id] end) AS [open_tickets],
        cast(round(cast(coalesce(cast(sum([csat_score]) as bigint), 0) as decimal(28,8)) / nullif(cast(count([csat_score]) as decimal(28,8)), 0), 4) as decimal(18,4)) AS [satisfaction],
        count([csat_score]) AS [satisfaction_answers],
        coalesce(cast(sum([csat_score]) as bigint), 0) AS [satisfaction_points],
        count([ticket_id]) AS [tickets]
    FROM gold.fct_tickets
    WHERE [opened_on] BETWEEN @first_day AND @last_day
);
GO
CREATE OR ALTER VIEW metrics.figures AS
SELECT N'gold.fct_web_sessions' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'abandoned_carts' THEN f.[abandoned_carts]
        WHEN N'session_conversion_rate' THEN f.[session_conversion_rate]
        WHEN N'sessions' THEN f.[sessions]
        WHEN N'sessions_with_purchase' THEN f.[sessions_with_purchase]
    END AS value
FROM (
    SELECT
        CAST(count(case when [is_cart_abandoned] = 1 then [session_key] end) AS decimal(28,4)) AS [abandoned_carts],
        CAST(cast(round(cast(count(case when [purchase_count] >= 1 then [session_key] end) as decimal(28,8)) / nullif(cast(count([session_key]) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [session_conversion_rate],
        CAST(count([session_key]) AS decimal(28,4)) AS [sessions],
        CAST(count(case when [purchase_count] >= 1 then [session_key] end) AS decimal(28,4)) AS [sessions_with_purchase]
    FROM gold.fct_web_sessions
) AS f
CROSS JOIN (VALUES
    (N'abandoned_carts', N'Abandoned carts', N'count', N'Visits of the web shop in which a cart was filled and nothing bought.'),
    (N'session_conversion_rate', N'Conversion of sessions', N'share', N'Share of web sessions in which something was bought.'),
    (N'sessions', N'Web sessions', N'count', N'Visits of the web shop: events of one browser without a pause of 30 minutes.'),
    (N'sessions_with_purchase', N'Sessions with a purchase', N'count', N'Visits of the web shop in which something was bought.')
) AS m(name, label, unit, description)
UNION ALL
SELECT N'gold.fct_orders' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'active_customers' THEN f.[active_customers]
        WHEN N'average_basket' THEN f.[average_basket]
        WHEN N'new_customers' THEN f.[new_customers]
        WHEN N'purchased_amount' THEN f.[purchased_amount]
        WHEN N'purchases' THEN f.[purchases]
        WHEN N'repeat_rate' THEN f.[repeat_rate]
        WHEN N'returning_customers' THEN f.[returning_customers]
        WHEN N'revenue' THEN f.[revenue]
        WHEN N'store_revenue' THEN f.[store_revenue]
        WHEN N'web_revenue' THEN f.[web_revenue]
    END AS value
FROM (
    SELECT
        CAST(count(distinct case when [is_purchase] = 1 then [customer_id] end) AS decimal(28,4)) AS [active_customers],
        CAST(cast(round(cast(coalesce(cast(sum(case when [is_purchase] = 1 then [revenue_amount] end) as decimal(18,2)), 0) as decimal(28,8)) / nullif(cast(count(case when [is_purchase] = 1 then [order_key] end) as decimal(28,8)), 0), 2) as decimal(18,2)) AS decimal(28,4)) AS [average_basket],
        CAST(count(distinct case when [purchase_number] = 1 then [customer_id] end) AS decimal(28,4)) AS [new_customers],
        CAST(coalesce(cast(sum(case when [is_purchase] = 1 then [revenue_amount] end) as decimal(18,2)), 0) AS decimal(28,4)) AS [purchased_amount],
        CAST(count(case when [is_purchase] = 1 then [order_key] end) AS decimal(28,4)) AS [purchases],
        CAST(cast(round(cast(count(distinct case when [purchase_number] >= 2 then [customer_id] end) as decimal(28,8)) / nullif(cast(count(distinct case when [is_purchase] = 1 then [customer_id] end) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [repeat_rate],
        CAST(count(distinct case when [purchase_number] >= 2 then [customer_id] end) AS decimal(28,4)) AS [returning_customers],
        CAST(coalesce(cast(sum([revenue_amount]) as decimal(18,2)), 0) AS decimal(28,4)) AS [revenue],
        CAST(coalesce(cast(sum(case when [channel] = 'store' then [revenue_amount] end) as decimal(18,2)), 0) AS decimal(28,4)) AS [store_revenue],
        CAST(coalesce(cast(sum(case when [channel] = 'web' then [revenue_amount] end) as decimal(18,2)), 0) AS decimal(28,4)) AS [web_revenue]
    FROM gold.fct_orders
) AS f
CROSS JOIN (VALUES
    (N'active_customers', N'Active customers', N'count', N'Customers with a purchase in the period. Purchases of people who are not known count for nobody.'),
    (N'average_basket', N'Average basket', N'money', N'Purchased amount per purchase.'),
    (N'new_customers', N'New customers', N'count', N'Customers whose first known purchase is in the period.'),
    (N'purchased_amount', N'Purchased amount', N'money', N'What purchases came to; returns are not taken off.'),
    (N'purchases', N'Purchases', N'count', N'Orders and receipts that are neither cancelled nor a return.'),
    (N'repeat_rate', N'Repeat rate', N'share', N'Of the customers who bought in the period, the share for whom it was not only their first purchase.'),
    (N'returning_customers', N'Returning customers', N'count', N'Customers who made their second or a later purchase in the period.'),
    (N'revenue', N'Revenue', N'money', N'What was bought less what was returned, without shipping and without cancelled orders, tax included.'),
    (N'store_revenue', N'Store revenue', N'money', N'Revenue at the tills of stores.'),
    (N'web_revenue', N'Web revenue', N'money', N'Revenue of the web shop.')
) AS m(name, label, unit, description)
UNION ALL
SELECT N'gold.customer_360' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'buyers' THEN f.[buyers]
        WHEN N'customers' THEN f.[customers]
        WHEN N'customers_at_risk' THEN f.[customers_at_risk]
        WHEN N'email_reachable_customers' THEN f.[email_reachable_customers]
        WHEN N'spend_at_risk' THEN f.[spend_at_risk]
    END AS value
FROM (
    SELECT
        CAST(count(case when [order_count] >= 1 then [customer_id] end) AS decimal(28,4)) AS [buyers],
        CAST(count([customer_id]) AS decimal(28,4)) AS [customers],
        CAST(count(case when [segment] = 'at_risk' then [customer_id] end) AS decimal(28,4)) AS [customers_at_risk],
        CAST(count(case when [is_email_allowed] = 1 then [customer_id] end) AS decimal(28,4)) AS [email_reachable_customers],
        CAST(coalesce(cast(sum(case when [segment] = 'at_risk' then [lifetime_spend_amount] end) as decimal(18,2)), 0) AS decimal(28,4)) AS [spend_at_risk]
    FROM gold.customer_360
) AS f
CROSS JOIN (VALUES
    (N'buyers', N'Buyers', N'count', N'Customers who ever made a purchase.'),
    (N'customers', N'Customers', N'count', N'Everybody the retailer knows, also those who never bought.'),
    (N'customers_at_risk', N'Customers at risk', N'count', N'Customers of segment at_risk: they were worth much and stay away.'),
    (N'email_reachable_customers', N'Reachable by e-mail', N'count', N'Customers who may be written to: consent given, not unsubscribed, an address known.'),
    (N'spend_at_risk', N'Spend at risk', N'money', N'What customers at risk have spent so far.')
) AS m(name, label, unit, description)
UNION ALL
SELECT N'gold.campaign_performance' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'click_rate' THEN f.[click_rate]
        WHEN N'messages_clicked' THEN f.[messages_clicked]
        WHEN N'messages_opened' THEN f.[messages_opened]
        WHEN N'messages_sent' THEN f.[messages_sent]
        WHEN N'open_rate' THEN f.[open_rate]
        WHEN N'treatments' THEN f.[treatments]
        WHEN N'treatments_with_purchase' THEN f.[treatments_with_purchase]
    END AS value
FROM (
    SELECT
        CAST(cast(round(cast(coalesce(cast(sum([clicked_count]) as bigint), 0) as decimal(28,8)) / nullif(cast(coalesce(cast(sum([sent_count]) as bigint), 0) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [click_rate],
        CAST(coalesce(cast(sum([clicked_count]) as bigint), 0) AS decimal(28,4)) AS [messages_clicked],
        CAST(coalesce(cast(sum([opened_count]) as bigint), 0) AS decimal(28,4)) AS [messages_opened],
        CAST(coalesce(cast(sum([sent_count]) as bigint), 0) AS decimal(28,4)) AS [messages_sent],
        CAST(cast(round(cast(coalesce(cast(sum([opened_count]) as bigint), 0) as decimal(28,8)) / nullif(cast(coalesce(cast(sum([sent_count]) as bigint), 0) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [open_rate],
        CAST(coalesce(cast(sum(case when [assigned_group] = 'treatment' then [people_count] end) as bigint), 0) AS decimal(28,4)) AS [treatments],
        CAST(coalesce(cast(sum(case when [assigned_group] = 'treatment' then [buyer_count] end) as bigint), 0) AS decimal(28,4)) AS [treatments_with_purchase]
    FROM gold.campaign_performance
) AS f
CROSS JOIN (VALUES
    (N'click_rate', N'Click rate', N'share', N'Share of campaign messages with a click.'),
    (N'messages_clicked', N'Messages clicked', N'count', N'Campaign messages with a click.'),
    (N'messages_opened', N'Messages opened', N'count', N'Campaign messages that were opened.'),
    (N'messages_sent', N'Messages sent', N'count', N'Campaign messages that went out.'),
    (N'open_rate', N'Open rate', N'share', N'Share of campaign messages that were opened.'),
    (N'treatments', N'Treatments', N'count', N'Known people to whom a campaign was sent, once for each campaign.'),
    (N'treatments_with_purchase', N'Treatments with a purchase', N'count', N'Of the treatments, those after which the person bought while the campaign counted.')
) AS m(name, label, unit, description)
UNION ALL
SELECT N'gold.fct_order_lines' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'lines_returned' THEN f.[lines_returned]
        WHEN N'lines_sold' THEN f.[lines_sold]
        WHEN N'return_rate' THEN f.[return_rate]
    END AS value
FROM (
    SELECT
        CAST(count(case when [is_return] = 1 and [is_cancelled] = 0 then [order_line_key] end) AS decimal(28,4)) AS [lines_returned],
        CAST(count(case when [is_return] = 0 and [is_cancelled] = 0 then [order_line_key] end) AS decimal(28,4)) AS [lines_sold],
        CAST(cast(round(cast(count(case when [is_return] = 1 and [is_cancelled] = 0 then [order_line_key] end) as decimal(28,8)) / nullif(cast(count(case when [is_return] = 0 and [is_cancelled] = 0 then [order_line_key] end) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [return_rate]
    FROM gold.fct_order_lines
) AS f
CROSS JOIN (VALUES
    (N'lines_returned', N'Lines returned', N'count', N'Order lines with a negative amount, of orders that are not cancelled.'),
    (N'lines_sold', N'Lines sold', N'count', N'Order lines that are neither cancelled nor a return.'),
    (N'return_rate', N'Return rate', N'share', N'Lines returned per line sold.')
) AS m(name, label, unit, description)
UNION ALL
SELECT N'gold.fct_tickets' AS table_name, m.name, m.label, m.unit, m.description,
    CASE m.name
        WHEN N'open_tickets' THEN f.[open_tickets]
        WHEN N'satisfaction' THEN f.[satisfaction]
        WHEN N'satisfaction_answers' THEN f.[satisfaction_answers]
        WHEN N'satisfaction_points' THEN f.[satisfaction_points]
        WHEN N'tickets' THEN f.[tickets]
    END AS value
FROM (
    SELECT
        CAST(count(case when [is_open] = 1 then [ticket_id] end) AS decimal(28,4)) AS [open_tickets],
        CAST(cast(round(cast(coalesce(cast(sum([csat_score]) as bigint), 0) as decimal(28,8)) / nullif(cast(count([csat_score]) as decimal(28,8)), 0), 4) as decimal(18,4)) AS decimal(28,4)) AS [satisfaction],
        CAST(count([csat_score]) AS decimal(28,4)) AS [satisfaction_answers],
        CAST(coalesce(cast(sum([csat_score]) as bigint), 0) AS decimal(28,4)) AS [satisfaction_points],
        CAST(count([ticket_id]) AS decimal(28,4)) AS [tickets]
    FROM gold.fct_tickets
) AS f
CROSS JOIN (VALUES
    (N'open_tickets', N'Open tickets', N'count', N'Tickets that are not closed.'),
    (N'satisfaction', N'Satisfaction', N'score', N'Average score of the tickets that were scored, 1 to 5.'),
    (N'satisfaction_answers', N'Satisfaction answers', N'count', N'Tickets that a customer scored.'),
    (N'satisfaction_points', N'Satisfaction points', N'count', N'Sum of the scores that customers gave to tickets.'),
    (N'tickets', N'Tickets', N'count', N'Customer-service tickets that were opened.')
) AS m(name, label, unit, description);
GO
