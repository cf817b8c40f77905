-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
IF OBJECT_ID(N'lake.campaign_performance') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.campaign_performance');
GO
CREATE EXTERNAL TABLE lake.campaign_performance (
    [campaign_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [assigned_group] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [campaign_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [started_on] date,
    [ended_on] date,
    [budget_amount] decimal(18,2),
    [delivery_count] bigint,
    [unidentified_count] bigint,
    [sent_count] bigint,
    [opened_count] bigint,
    [clicked_count] bigint,
    [unsubscribed_count] bigint,
    [people_count] bigint,
    [buyer_count] bigint,
    [order_count] bigint,
    [revenue_amount] decimal(18,2),
    [conversion_rate] decimal(18,4),
    [revenue_per_person_amount] decimal(18,2),
    [conversion_rate_difference] decimal(18,4),
    [revenue_per_person_difference_amount] decimal(18,2)
) WITH (
    LOCATION = 'gold/campaign_performance/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.category_pairs') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.category_pairs');
GO
CREATE EXTERNAL TABLE lake.category_pairs (
    [category_1] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [category_2] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_count] bigint,
    [category_1_order_count] bigint,
    [category_2_order_count] bigint,
    [all_order_count] bigint,
    [support_share] decimal(18,4),
    [lift] decimal(18,4)
) WITH (
    LOCATION = 'gold/category_pairs/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_360') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_360');
GO
CREATE EXTERNAL TABLE lake.customer_360 (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [title] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [first_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [last_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [email] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [phone] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [street] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [city] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [postal_code] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [date_of_birth] date,
    [age_years] int,
    [loyalty_card_number] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [household_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [household_member_count] bigint,
    [has_account] bit,
    [has_contact] bit,
    [has_loyalty_card] bit,
    [has_social_profile] bit,
    [is_deleted] bit,
    [source_count] bigint,
    [record_count] bigint,
    [first_seen_on] date,
    [last_seen_on] date,
    [segment] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [recency_days] int,
    [recency_score] int,
    [frequency_score] int,
    [monetary_score] int,
    [rfm_score] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_count] bigint,
    [store_order_count] bigint,
    [web_order_count] bigint,
    [return_count] bigint,
    [cancelled_order_count] bigint,
    [item_quantity] bigint,
    [lifetime_spend_amount] decimal(18,2),
    [store_spend_amount] decimal(18,2),
    [web_spend_amount] decimal(18,2),
    [returned_amount] decimal(18,2),
    [average_order_amount] decimal(18,2),
    [store_average_order_amount] decimal(18,2),
    [web_average_order_amount] decimal(18,2),
    [first_ordered_at] datetime2(6),
    [last_ordered_at] datetime2(6),
    [last_store_ordered_at] datetime2(6),
    [last_web_ordered_at] datetime2(6),
    [buying_channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [top_department] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [top_department_share] decimal(18,4),
    [top_category] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [top_category_share] decimal(18,4),
    [session_count] bigint,
    [page_view_count] bigint,
    [product_view_count] bigint,
    [cart_add_count] bigint,
    [abandoned_cart_count] bigint,
    [last_session_at] datetime2(6),
    [ticket_count] bigint,
    [open_ticket_count] bigint,
    [average_csat_score] decimal(18,2),
    [last_ticket_at] datetime2(6),
    [social_interaction_count] bigint,
    [review_count] bigint,
    [last_social_interaction_at] datetime2(6),
    [campaign_sent_count] bigint,
    [campaign_opened_count] bigint,
    [campaign_clicked_count] bigint,
    [unsubscribe_count] bigint,
    [has_unsubscribed] bit,
    [last_campaign_sent_at] datetime2(6),
    [last_campaign_clicked_at] datetime2(6),
    [email_consent] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [sms_consent] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [phone_consent] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [post_consent] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [is_email_allowed] bit,
    [is_sms_allowed] bit,
    [is_phone_allowed] bit,
    [is_post_allowed] bit,
    [as_of_date] date
) WITH (
    LOCATION = 'gold/customer_360/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_attribute_values') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_attribute_values');
GO
CREATE EXTERNAL TABLE lake.customer_attribute_values (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [attribute] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [value] varchar(8000) COLLATE Latin1_General_100_BIN2_UTF8,
    [rank] int,
    [is_chosen] bit,
    [entity] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [record_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [claimed_at] datetime2(6),
    [record_count] bigint,
    [why] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'gold/customer_attribute_values/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_categories') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_categories');
GO
CREATE EXTERNAL TABLE lake.customer_categories (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [department] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [category] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_count] bigint,
    [item_quantity] bigint,
    [spend_amount] decimal(18,2),
    [spend_share] decimal(18,4),
    [affinity_index] decimal(18,4),
    [affinity_rank] bigint,
    [last_ordered_on] date
) WITH (
    LOCATION = 'gold/customer_categories/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_records') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_records');
GO
CREATE EXTERNAL TABLE lake.customer_records (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [entity] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [record_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [matched_by] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [is_personal] bit,
    [first_seen_on] date,
    [shared_identifier_types] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [best_match_weight] decimal(18,4)
) WITH (
    LOCATION = 'gold/customer_records/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_rfm') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_rfm');
GO
CREATE EXTERNAL TABLE lake.customer_rfm (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [recency_days] int,
    [frequency_count] bigint,
    [monetary_amount] decimal(18,2),
    [recency_score] int,
    [frequency_score] int,
    [monetary_score] int,
    [rfm_score] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'gold/customer_rfm/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_search') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_search');
GO
CREATE EXTERNAL TABLE lake.customer_search (
    [term] varchar(8000) COLLATE Latin1_General_100_BIN2_UTF8,
    [term_kind] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'gold/customer_search/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_segments') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_segments');
GO
CREATE EXTERNAL TABLE lake.customer_segments (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [rfm_score] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [segment] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'gold/customer_segments/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_segments_monthly') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_segments_monthly');
GO
CREATE EXTERNAL TABLE lake.customer_segments_monthly (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [month_end_on] date,
    [segment] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [previous_segment] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [recency_days] int,
    [frequency_count] bigint,
    [monetary_amount] decimal(18,2),
    [is_current] bit
) WITH (
    LOCATION = 'gold/customer_segments_monthly/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.customer_timeline') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.customer_timeline');
GO
CREATE EXTERNAL TABLE lake.customer_timeline (
    [event_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [occurred_at] datetime2(6),
    [event_type] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [subject] varchar(8000) COLLATE Latin1_General_100_BIN2_UTF8,
    [amount] decimal(18,2),
    [reference_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'gold/customer_timeline/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_customers') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_customers');
GO
CREATE EXTERNAL TABLE lake.dim_customers (
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [title] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [first_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [last_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [name_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [name_claimed_at] datetime2(6),
    [email] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [email_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [email_claimed_at] datetime2(6),
    [phone] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [phone_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [phone_claimed_at] datetime2(6),
    [street] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [city] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [postal_code] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [address_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [address_claimed_at] datetime2(6),
    [date_of_birth] date,
    [date_of_birth_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [date_of_birth_claimed_at] datetime2(6),
    [age_years] int,
    [loyalty_card_number] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [loyalty_card_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [loyalty_card_claimed_at] datetime2(6),
    [household_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [household_member_count] bigint,
    [record_count] bigint,
    [source_count] bigint,
    [has_account] bit,
    [has_contact] bit,
    [has_loyalty_card] bit,
    [has_social_profile] bit,
    [first_seen_on] date,
    [last_seen_on] date,
    [is_deleted] bit
) WITH (
    LOCATION = 'gold/dim_customers/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_customers_history') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_customers_history');
GO
CREATE EXTERNAL TABLE lake.dim_customers_history (
    [customer_version_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [title] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [first_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [last_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [email] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [phone] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [street] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [city] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [postal_code] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [date_of_birth] date,
    [loyalty_card_number] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [has_account] bit,
    [has_contact] bit,
    [has_loyalty_card] bit,
    [has_social_profile] bit,
    [is_deleted] bit,
    [valid_from] date,
    [valid_to] date,
    [is_current] bit
) WITH (
    LOCATION = 'gold/dim_customers_history/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_dates') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_dates');
GO
CREATE EXTERNAL TABLE lake.dim_dates (
    [date_day] date,
    [calendar_year] int,
    [calendar_quarter] int,
    [calendar_month] int,
    [month_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [month_start_on] date,
    [iso_week] int,
    [week_start_on] date,
    [day_of_month] int,
    [day_of_week] int,
    [day_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [is_weekend] bit,
    [is_past] bit
) WITH (
    LOCATION = 'gold/dim_dates/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_households') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_households');
GO
CREATE EXTERNAL TABLE lake.dim_households (
    [household_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [member_count] bigint,
    [city] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_count] bigint,
    [lifetime_spend_amount] decimal(18,2),
    [last_ordered_at] datetime2(6)
) WITH (
    LOCATION = 'gold/dim_households/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_products') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_products');
GO
CREATE EXTERNAL TABLE lake.dim_products (
    [product_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [sku] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [product_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [department] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [category] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [brand] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [list_price] decimal(18,6),
    [unit_cost] decimal(18,6)
) WITH (
    LOCATION = 'gold/dim_products/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_products_history') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_products_history');
GO
CREATE EXTERNAL TABLE lake.dim_products_history (
    [product_version_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [sku] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [product_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [department] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [category] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [brand] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [list_price] decimal(18,6),
    [unit_cost] decimal(18,6),
    [valid_from] date,
    [valid_to] date,
    [is_current] bit
) WITH (
    LOCATION = 'gold/dim_products_history/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.dim_stores') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.dim_stores');
GO
CREATE EXTERNAL TABLE lake.dim_stores (
    [store_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [store_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [store_type] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [store_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [city] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [region] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [opened_on] date
) WITH (
    LOCATION = 'gold/dim_stores/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_interactions') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_interactions');
GO
CREATE EXTERNAL TABLE lake.fct_interactions (
    [interaction_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [interaction_type] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [source_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [campaign_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [occurred_at] datetime2(6),
    [occurred_on] date
) WITH (
    LOCATION = 'gold/fct_interactions/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_ledger') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_ledger');
GO
CREATE EXTERNAL TABLE lake.fct_ledger (
    [entity] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [landed_on] date,
    [landed_count] bigint,
    [current_count] bigint,
    [superseded_count] bigint,
    [duplicate_count] bigint,
    [quarantined_count] bigint,
    [repaired_count] bigint,
    [missing_count] bigint,
    [quarantined_share] decimal(18,4),
    [landed_amount] decimal(18,2),
    [missing_amount] decimal(18,2),
    [is_closed] bit
) WITH (
    LOCATION = 'gold/fct_ledger/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_order_lines') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_order_lines');
GO
CREATE EXTERNAL TABLE lake.fct_order_lines (
    [order_line_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [line_number] bigint,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [product_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [sku] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [store_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [ordered_at] datetime2(6),
    [ordered_on] date,
    [is_cancelled] bit,
    [is_return] bit,
    [quantity] bigint,
    [unit_price] decimal(18,6),
    [discount_amount] decimal(18,2),
    [line_amount] decimal(18,2),
    [revenue_amount] decimal(18,2),
    [cost_amount] decimal(18,2)
) WITH (
    LOCATION = 'gold/fct_order_lines/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_orders') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_orders');
GO
CREATE EXTERNAL TABLE lake.fct_orders (
    [order_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [order_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [matched_by] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [store_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [ordered_at] datetime2(6),
    [ordered_on] date,
    [status] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [tender] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [is_cancelled] bit,
    [is_return] bit,
    [is_purchase] bit,
    [line_count] bigint,
    [item_quantity] bigint,
    [lines_amount] decimal(18,2),
    [returned_amount] decimal(18,2),
    [shipping_amount] decimal(18,2),
    [total_amount] decimal(18,2),
    [unexplained_amount] decimal(18,2),
    [revenue_amount] decimal(18,2),
    [purchase_number] bigint
) WITH (
    LOCATION = 'gold/fct_orders/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_tickets') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_tickets');
GO
CREATE EXTERNAL TABLE lake.fct_tickets (
    [ticket_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [matched_by] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [topic] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [priority] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [status] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [opened_at] datetime2(6),
    [opened_on] date,
    [first_answered_at] datetime2(6),
    [closed_at] datetime2(6),
    [is_open] bit,
    [first_answer_minutes] bigint,
    [resolution_minutes] bigint,
    [message_count] bigint,
    [customer_message_count] bigint,
    [agent_message_count] bigint,
    [csat_score] bigint
) WITH (
    LOCATION = 'gold/fct_tickets/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.fct_web_sessions') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.fct_web_sessions');
GO
CREATE EXTERNAL TABLE lake.fct_web_sessions (
    [session_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [visitor_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [anonymous_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [account_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [customer_id] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [matched_by] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [started_at] datetime2(6),
    [ended_at] datetime2(6),
    [started_on] date,
    [duration_seconds] bigint,
    [event_count] bigint,
    [page_view_count] bigint,
    [product_view_count] bigint,
    [search_count] bigint,
    [cart_add_count] bigint,
    [purchase_count] bigint,
    [is_cart_abandoned] bit,
    [landing_page_url] varchar(8000) COLLATE Latin1_General_100_BIN2_UTF8,
    [referrer_url] varchar(8000) COLLATE Latin1_General_100_BIN2_UTF8,
    [utm_source] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [utm_medium] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [utm_campaign] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [has_marketing_consent] bit
) WITH (
    LOCATION = 'gold/fct_web_sessions/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.product_performance') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.product_performance');
GO
CREATE EXTERNAL TABLE lake.product_performance (
    [product_key] varchar(64) COLLATE Latin1_General_100_BIN2_UTF8,
    [sku] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [product_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [department] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [category] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [brand] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [item_quantity] bigint,
    [order_count] bigint,
    [customer_count] bigint,
    [revenue_amount] decimal(18,2),
    [returned_quantity] bigint,
    [returned_amount] decimal(18,2),
    [margin_amount] decimal(18,2),
    [last_sold_on] date
) WITH (
    LOCATION = 'gold/product_performance/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.quarantine_summary') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.quarantine_summary');
GO
CREATE EXTERNAL TABLE lake.quarantine_summary (
    [entity] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [rule] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [column_name] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [reason] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [record_count] bigint,
    [first_landed_on] date,
    [last_landed_on] date
) WITH (
    LOCATION = 'gold/quarantine_summary/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.repeat_purchases') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.repeat_purchases');
GO
CREATE EXTERNAL TABLE lake.repeat_purchases (
    [purchase_number] bigint,
    [day_count] int,
    [bought_again_count] bigint,
    [censored_count] bigint
) WITH (
    LOCATION = 'gold/repeat_purchases/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.retention_cohorts') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.retention_cohorts');
GO
CREATE EXTERNAL TABLE lake.retention_cohorts (
    [cohort_month_on] date,
    [months_since] int,
    [cohort_customer_count] bigint,
    [active_customer_count] bigint,
    [revenue_amount] decimal(18,2),
    [is_complete] bit
) WITH (
    LOCATION = 'gold/retention_cohorts/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.sales_by_period') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.sales_by_period');
GO
CREATE EXTERNAL TABLE lake.sales_by_period (
    [period_kind] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [period_number] int,
    [period_start_on] date,
    [period_end_on] date,
    [is_complete] bit,
    [place_kind] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [place] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [segment] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [revenue_amount] decimal(18,2),
    [store_revenue_amount] decimal(18,2),
    [web_revenue_amount] decimal(18,2),
    [purchased_amount] decimal(18,2),
    [order_count] bigint,
    [purchase_count] bigint,
    [active_customer_count] bigint,
    [new_customer_count] bigint,
    [returning_customer_count] bigint
) WITH (
    LOCATION = 'gold/sales_by_period/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
IF OBJECT_ID(N'lake.service_performance') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE lake.service_performance');
GO
CREATE EXTERNAL TABLE lake.service_performance (
    [topic] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [channel] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [csat_band] varchar(1000) COLLATE Latin1_General_100_BIN2_UTF8,
    [ticket_count] bigint,
    [open_ticket_count] bigint,
    [csat_answer_count] bigint,
    [csat_point_count] bigint,
    [first_answer_minutes_total] bigint,
    [first_answer_count] bigint,
    [resolution_minutes_total] bigint,
    [resolved_count] bigint,
    [observed_ticket_count] bigint,
    [bought_before_count] bigint,
    [bought_after_count] bigint,
    [spend_before_amount] decimal(18,2),
    [spend_after_amount] decimal(18,2)
) WITH (
    LOCATION = 'gold/service_performance/', DATA_SOURCE = lake, FILE_FORMAT = delta
);
GO
