-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
ALTER ROLE gold_reader ADD MEMBER gold_pii_reader;
GO
GRANT SELECT ON SCHEMA::gold TO gold_reader;
GO
GRANT SELECT ON SCHEMA::metrics TO gold_reader;
GO
GRANT REFERENCES ON DATABASE SCOPED CREDENTIAL::lake_identity TO gold_reader;
GO
DENY SELECT ON SCHEMA::lake TO gold_reader;
GO
DENY SELECT ON SCHEMA::security TO gold_reader;
GO
DENY ADMINISTER DATABASE BULK OPERATIONS TO gold_reader;
GO
