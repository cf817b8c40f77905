-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
DECLARE @others nvarchar(max) = (
    SELECT STRING_AGG(CAST(N'DROP VIEW gold.' + QUOTENAME(o.name) + N';' AS nvarchar(max)), N' ')
    FROM sys.objects AS o
    WHERE SCHEMA_NAME(o.schema_id) = N'gold' AND o.type = 'V'
        AND o.name NOT IN (N'campaign_performance', N'category_pairs', N'customer_360', N'customer_attribute_values', N'customer_categories', N'customer_records', N'customer_rfm', N'customer_search', N'customer_segments', N'customer_segments_monthly', N'customer_timeline', N'dim_customers', N'dim_customers_history', N'dim_dates', N'dim_households', N'dim_products', N'dim_products_history', N'dim_stores', N'fct_interactions', N'fct_ledger', N'fct_order_lines', N'fct_orders', N'fct_tickets', N'fct_web_sessions', N'product_performance', N'quarantine_summary', N'repeat_purchases', N'retention_cohorts', N'sales_by_period', N'service_performance')
);
IF @others IS NOT NULL EXEC(@others);
GO
DECLARE @others nvarchar(max) = (
    SELECT STRING_AGG(CAST(N'DROP EXTERNAL TABLE lake.' + QUOTENAME(o.name) + N';' AS nvarchar(max)), N' ')
    FROM sys.objects AS o
    WHERE SCHEMA_NAME(o.schema_id) = N'lake' AND o.type = 'U'
        AND o.name NOT IN (N'campaign_performance', N'category_pairs', N'customer_360', N'customer_attribute_values', N'customer_categories', N'customer_records', N'customer_rfm', N'customer_search', N'customer_segments', N'customer_segments_monthly', N'customer_timeline', N'dim_customers', N'dim_customers_history', N'dim_dates', N'dim_households', N'dim_products', N'dim_products_history', N'dim_stores', N'fct_interactions', N'fct_ledger', N'fct_order_lines', N'fct_orders', N'fct_tickets', N'fct_web_sessions', N'product_performance', N'quarantine_summary', N'repeat_purchases', N'retention_cohorts', N'sales_by_period', N'service_performance')
);
IF @others IS NOT NULL EXEC(@others);
GO
DECLARE @others nvarchar(max) = (
    SELECT STRING_AGG(CAST(N'DROP FUNCTION metrics.' + QUOTENAME(o.name) + N';' AS nvarchar(max)), N' ')
    FROM sys.objects AS o
    WHERE SCHEMA_NAME(o.schema_id) = N'metrics' AND o.type = 'IF'
        AND o.name NOT IN (N'fct_web_sessions', N'fct_orders', N'customer_360', N'campaign_performance', N'fct_order_lines', N'fct_tickets')
);
IF @others IS NOT NULL EXEC(@others);
GO
