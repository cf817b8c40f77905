-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
-- One row per campaign and assigned group. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.campaign_performance AS
SELECT
    t.[campaign_id],
    t.[assigned_group],
    t.[campaign_name],
    t.[channel],
    t.[started_on],
    t.[ended_on],
    t.[budget_amount],
    t.[delivery_count],
    t.[unidentified_count],
    t.[sent_count],
    t.[opened_count],
    t.[clicked_count],
    t.[unsubscribed_count],
    t.[people_count],
    t.[buyer_count],
    t.[order_count],
    t.[revenue_amount],
    t.[conversion_rate],
    t.[revenue_per_person_amount],
    t.[conversion_rate_difference],
    t.[revenue_per_person_difference_amount]
FROM lake.campaign_performance AS t;
GO
-- One row per pair of categories, the smaller text first. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.category_pairs AS
SELECT
    t.[category_1],
    t.[category_2],
    t.[order_count],
    t.[category_1_order_count],
    t.[category_2_order_count],
    t.[all_order_count],
    t.[support_share],
    t.[lift]
FROM lake.category_pairs AS t;
GO
-- One row per customer.
CREATE OR ALTER VIEW gold.customer_360 AS
SELECT
    t.[customer_id],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[title] END AS [title],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[first_name] END AS [first_name],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[last_name] END AS [last_name],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[email] END AS [email],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[phone] END AS [phone],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[street] END AS [street],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[city] END AS [city],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[postal_code] END AS [postal_code],
    t.[country],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[date_of_birth] END AS [date_of_birth],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[age_years] END AS [age_years],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[loyalty_card_number] END AS [loyalty_card_number],
    t.[household_id],
    t.[household_member_count],
    t.[has_account],
    t.[has_contact],
    t.[has_loyalty_card],
    t.[has_social_profile],
    t.[is_deleted],
    t.[source_count],
    t.[record_count],
    t.[first_seen_on],
    t.[last_seen_on],
    t.[segment],
    t.[recency_days],
    t.[recency_score],
    t.[frequency_score],
    t.[monetary_score],
    t.[rfm_score],
    t.[order_count],
    t.[store_order_count],
    t.[web_order_count],
    t.[return_count],
    t.[cancelled_order_count],
    t.[item_quantity],
    t.[lifetime_spend_amount],
    t.[store_spend_amount],
    t.[web_spend_amount],
    t.[returned_amount],
    t.[average_order_amount],
    t.[store_average_order_amount],
    t.[web_average_order_amount],
    t.[first_ordered_at],
    t.[last_ordered_at],
    t.[last_store_ordered_at],
    t.[last_web_ordered_at],
    t.[buying_channel],
    t.[top_department],
    t.[top_department_share],
    t.[top_category],
    t.[top_category_share],
    t.[session_count],
    t.[page_view_count],
    t.[product_view_count],
    t.[cart_add_count],
    t.[abandoned_cart_count],
    t.[last_session_at],
    t.[ticket_count],
    t.[open_ticket_count],
    t.[average_csat_score],
    t.[last_ticket_at],
    t.[social_interaction_count],
    t.[review_count],
    t.[last_social_interaction_at],
    t.[campaign_sent_count],
    t.[campaign_opened_count],
    t.[campaign_clicked_count],
    t.[unsubscribe_count],
    t.[has_unsubscribed],
    t.[last_campaign_sent_at],
    t.[last_campaign_clicked_at],
    t.[email_consent],
    t.[sms_consent],
    t.[phone_consent],
    t.[post_consent],
    t.[is_email_allowed],
    t.[is_sms_allowed],
    t.[is_phone_allowed],
    t.[is_post_allowed],
    t.[as_of_date]
FROM lake.customer_360 AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = t.country));
GO
-- One row per customer, attribute and value.
CREATE OR ALTER VIEW gold.customer_attribute_values AS
SELECT
    t.[customer_id],
    t.[attribute],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[value] END AS [value],
    t.[rank],
    t.[is_chosen],
    t.[entity],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[record_key] END AS [record_key],
    t.[claimed_at],
    t.[record_count],
    t.[why]
FROM lake.customer_attribute_values AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per customer, department and category.
CREATE OR ALTER VIEW gold.customer_categories AS
SELECT
    t.[customer_id],
    t.[department],
    t.[category],
    t.[order_count],
    t.[item_quantity],
    t.[spend_amount],
    t.[spend_share],
    t.[affinity_index],
    t.[affinity_rank],
    t.[last_ordered_on]
FROM lake.customer_categories AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per record.
CREATE OR ALTER VIEW gold.customer_records AS
SELECT
    t.[customer_id],
    t.[entity],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[record_key] END AS [record_key],
    t.[matched_by],
    t.[is_personal],
    t.[first_seen_on],
    t.[shared_identifier_types],
    t.[best_match_weight]
FROM lake.customer_records AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per customer who bought.
CREATE OR ALTER VIEW gold.customer_rfm AS
SELECT
    t.[customer_id],
    t.[recency_days],
    t.[frequency_count],
    t.[monetary_amount],
    t.[recency_score],
    t.[frequency_score],
    t.[monetary_score],
    t.[rfm_score]
FROM lake.customer_rfm AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per term, kind of term and customer.
CREATE OR ALTER VIEW gold.customer_search AS
SELECT
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[term] END AS [term],
    t.[term_kind],
    t.[customer_id]
FROM lake.customer_search AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per customer.
CREATE OR ALTER VIEW gold.customer_segments AS
SELECT
    t.[customer_id],
    t.[rfm_score],
    t.[segment]
FROM lake.customer_segments AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per customer and month.
CREATE OR ALTER VIEW gold.customer_segments_monthly AS
SELECT
    t.[customer_id],
    t.[month_end_on],
    t.[segment],
    t.[previous_segment],
    t.[recency_days],
    t.[frequency_count],
    t.[monetary_amount],
    t.[is_current]
FROM lake.customer_segments_monthly AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per event.
CREATE OR ALTER VIEW gold.customer_timeline AS
SELECT
    t.[event_key],
    t.[customer_id],
    t.[occurred_at],
    t.[event_type],
    t.[channel],
    t.[subject],
    t.[amount],
    t.[reference_id]
FROM lake.customer_timeline AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per customer.
CREATE OR ALTER VIEW gold.dim_customers AS
SELECT
    t.[customer_id],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[title] END AS [title],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[first_name] END AS [first_name],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[last_name] END AS [last_name],
    t.[name_source],
    t.[name_claimed_at],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[email] END AS [email],
    t.[email_source],
    t.[email_claimed_at],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[phone] END AS [phone],
    t.[phone_source],
    t.[phone_claimed_at],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[street] END AS [street],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[city] END AS [city],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[postal_code] END AS [postal_code],
    t.[country],
    t.[address_source],
    t.[address_claimed_at],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[date_of_birth] END AS [date_of_birth],
    t.[date_of_birth_source],
    t.[date_of_birth_claimed_at],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[age_years] END AS [age_years],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[loyalty_card_number] END AS [loyalty_card_number],
    t.[loyalty_card_source],
    t.[loyalty_card_claimed_at],
    t.[household_id],
    t.[household_member_count],
    t.[record_count],
    t.[source_count],
    t.[has_account],
    t.[has_contact],
    t.[has_loyalty_card],
    t.[has_social_profile],
    t.[first_seen_on],
    t.[last_seen_on],
    t.[is_deleted]
FROM lake.dim_customers AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = t.country));
GO
-- One row per customer and version.
CREATE OR ALTER VIEW gold.dim_customers_history AS
SELECT
    t.[customer_version_key],
    t.[customer_id],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[title] END AS [title],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[first_name] END AS [first_name],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[last_name] END AS [last_name],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[email] END AS [email],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[phone] END AS [phone],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[street] END AS [street],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[city] END AS [city],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[postal_code] END AS [postal_code],
    t.[country],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[date_of_birth] END AS [date_of_birth],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[loyalty_card_number] END AS [loyalty_card_number],
    t.[has_account],
    t.[has_contact],
    t.[has_loyalty_card],
    t.[has_social_profile],
    t.[is_deleted],
    t.[valid_from],
    t.[valid_to],
    t.[is_current]
FROM lake.dim_customers_history AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = t.country));
GO
-- One row per day. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.dim_dates AS
SELECT
    t.[date_day],
    t.[calendar_year],
    t.[calendar_quarter],
    t.[calendar_month],
    t.[month_name],
    t.[month_start_on],
    t.[iso_week],
    t.[week_start_on],
    t.[day_of_month],
    t.[day_of_week],
    t.[day_name],
    t.[is_weekend],
    t.[is_past]
FROM lake.dim_dates AS t;
GO
-- One row per household.
CREATE OR ALTER VIEW gold.dim_households AS
SELECT
    t.[household_id],
    t.[member_count],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[city] END AS [city],
    t.[country],
    t.[order_count],
    t.[lifetime_spend_amount],
    t.[last_ordered_at]
FROM lake.dim_households AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = t.country));
GO
-- One row per product. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.dim_products AS
SELECT
    t.[product_key],
    t.[sku],
    t.[product_name],
    t.[department],
    t.[category],
    t.[brand],
    t.[list_price],
    t.[unit_cost]
FROM lake.dim_products AS t;
GO
-- One row per product and version. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.dim_products_history AS
SELECT
    t.[product_version_key],
    t.[sku],
    t.[product_name],
    t.[department],
    t.[category],
    t.[brand],
    t.[list_price],
    t.[unit_cost],
    t.[valid_from],
    t.[valid_to],
    t.[is_current]
FROM lake.dim_products_history AS t;
GO
-- One row per store.
CREATE OR ALTER VIEW gold.dim_stores AS
SELECT
    t.[store_key],
    t.[store_id],
    t.[store_type],
    t.[store_name],
    t.[city],
    t.[region],
    t.[country],
    t.[opened_on]
FROM lake.dim_stores AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = t.country) AND (p.region = '*' OR p.region = t.region));
GO
-- One row per interaction.
CREATE OR ALTER VIEW gold.fct_interactions AS
SELECT
    t.[interaction_key],
    t.[source],
    t.[interaction_type],
    t.[channel],
    t.[source_id],
    t.[customer_id],
    t.[campaign_id],
    t.[occurred_at],
    t.[occurred_on]
FROM lake.fct_interactions AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per entity and landing day. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.fct_ledger AS
SELECT
    t.[entity],
    t.[landed_on],
    t.[landed_count],
    t.[current_count],
    t.[superseded_count],
    t.[duplicate_count],
    t.[quarantined_count],
    t.[repaired_count],
    t.[missing_count],
    t.[quarantined_share],
    t.[landed_amount],
    t.[missing_amount],
    t.[is_closed]
FROM lake.fct_ledger AS t;
GO
-- One row per order and line.
CREATE OR ALTER VIEW gold.fct_order_lines AS
SELECT
    t.[order_line_key],
    t.[order_key],
    t.[line_number],
    t.[channel],
    t.[customer_id],
    t.[product_key],
    t.[sku],
    t.[store_key],
    t.[ordered_at],
    t.[ordered_on],
    t.[is_cancelled],
    t.[is_return],
    t.[quantity],
    t.[unit_price],
    t.[discount_amount],
    t.[line_amount],
    t.[revenue_amount],
    t.[cost_amount]
FROM lake.fct_order_lines AS t
LEFT JOIN lake.dim_stores AS o ON o.store_key = t.store_key
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country) AND (p.region = '*' OR p.region = o.region));
GO
-- One row per order.
CREATE OR ALTER VIEW gold.fct_orders AS
SELECT
    t.[order_key],
    t.[channel],
    t.[order_id],
    t.[customer_id],
    t.[matched_by],
    t.[store_key],
    t.[ordered_at],
    t.[ordered_on],
    t.[status],
    t.[tender],
    t.[is_cancelled],
    t.[is_return],
    t.[is_purchase],
    t.[line_count],
    t.[item_quantity],
    t.[lines_amount],
    t.[returned_amount],
    t.[shipping_amount],
    t.[total_amount],
    t.[unexplained_amount],
    t.[revenue_amount],
    t.[purchase_number]
FROM lake.fct_orders AS t
LEFT JOIN lake.dim_stores AS o ON o.store_key = t.store_key
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country) AND (p.region = '*' OR p.region = o.region));
GO
-- One row per ticket.
CREATE OR ALTER VIEW gold.fct_tickets AS
SELECT
    t.[ticket_id],
    t.[customer_id],
    t.[matched_by],
    t.[channel],
    t.[topic],
    t.[priority],
    t.[status],
    t.[opened_at],
    t.[opened_on],
    t.[first_answered_at],
    t.[closed_at],
    t.[is_open],
    t.[first_answer_minutes],
    t.[resolution_minutes],
    t.[message_count],
    t.[customer_message_count],
    t.[agent_message_count],
    t.[csat_score]
FROM lake.fct_tickets AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per session.
CREATE OR ALTER VIEW gold.fct_web_sessions AS
SELECT
    t.[session_key],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[visitor_id] END AS [visitor_id],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[anonymous_id] END AS [anonymous_id],
    t.[account_id],
    t.[customer_id],
    t.[matched_by],
    t.[started_at],
    t.[ended_at],
    t.[started_on],
    t.[duration_seconds],
    t.[event_count],
    t.[page_view_count],
    t.[product_view_count],
    t.[search_count],
    t.[cart_add_count],
    t.[purchase_count],
    t.[is_cart_abandoned],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[landing_page_url] END AS [landing_page_url],
    CASE WHEN IS_ROLEMEMBER(N'gold_pii_reader') = 1 THEN t.[referrer_url] END AS [referrer_url],
    t.[utm_source],
    t.[utm_medium],
    t.[utm_campaign],
    t.[has_marketing_consent]
FROM lake.fct_web_sessions AS t
LEFT JOIN lake.dim_customers AS o ON o.customer_id = t.customer_id
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE (p.country = '*' OR p.country = o.country));
GO
-- One row per product, also those that nobody bought. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.product_performance AS
SELECT
    t.[product_key],
    t.[sku],
    t.[product_name],
    t.[department],
    t.[category],
    t.[brand],
    t.[item_quantity],
    t.[order_count],
    t.[customer_count],
    t.[revenue_amount],
    t.[returned_quantity],
    t.[returned_amount],
    t.[margin_amount],
    t.[last_sold_on]
FROM lake.product_performance AS t;
GO
-- One row per entity, rule and column. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.quarantine_summary AS
SELECT
    t.[entity],
    t.[rule],
    t.[column_name],
    t.[reason],
    t.[record_count],
    t.[first_landed_on],
    t.[last_landed_on]
FROM lake.quarantine_summary AS t;
GO
-- One row per number of purchases and days since. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.repeat_purchases AS
SELECT
    t.[purchase_number],
    t.[day_count],
    t.[bought_again_count],
    t.[censored_count]
FROM lake.repeat_purchases AS t;
GO
-- One row per month of the first purchase and month since. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.retention_cohorts AS
SELECT
    t.[cohort_month_on],
    t.[months_since],
    t.[cohort_customer_count],
    t.[active_customer_count],
    t.[revenue_amount],
    t.[is_complete]
FROM lake.retention_cohorts AS t;
GO
-- One row per period, place and segment.
CREATE OR ALTER VIEW gold.sales_by_period AS
SELECT
    t.[period_kind],
    t.[period_number],
    t.[period_start_on],
    t.[period_end_on],
    t.[is_complete],
    t.[place_kind],
    t.[place],
    t.[segment],
    t.[revenue_amount],
    t.[store_revenue_amount],
    t.[web_revenue_amount],
    t.[purchased_amount],
    t.[order_count],
    t.[purchase_count],
    t.[active_customer_count],
    t.[new_customer_count],
    t.[returning_customer_count]
FROM lake.sales_by_period AS t
WHERE EXISTS (SELECT 1 FROM security.my_places AS p WHERE p.country = '*' AND (p.region = '*' OR p.region = CASE WHEN t.place_kind = 'region' THEN t.place END));
GO
-- One row per topic, channel and band of satisfaction. About no place: all rows for all readers.
CREATE OR ALTER VIEW gold.service_performance AS
SELECT
    t.[topic],
    t.[channel],
    t.[csat_band],
    t.[ticket_count],
    t.[open_ticket_count],
    t.[csat_answer_count],
    t.[csat_point_count],
    t.[first_answer_minutes_total],
    t.[first_answer_count],
    t.[resolution_minutes_total],
    t.[resolved_count],
    t.[observed_ticket_count],
    t.[bought_before_count],
    t.[bought_after_count],
    t.[spend_before_amount],
    t.[spend_after_amount]
FROM lake.service_performance AS t;
GO
