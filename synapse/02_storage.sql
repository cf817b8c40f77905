-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
IF SCHEMA_ID(N'lake') IS NULL
    EXEC(N'CREATE SCHEMA lake AUTHORIZATION dbo');
GO
IF SCHEMA_ID(N'security') IS NULL
    EXEC(N'CREATE SCHEMA security AUTHORIZATION dbo');
GO
IF SCHEMA_ID(N'gold') IS NULL
    EXEC(N'CREATE SCHEMA gold AUTHORIZATION dbo');
GO
IF SCHEMA_ID(N'metrics') IS NULL
    EXEC(N'CREATE SCHEMA metrics AUTHORIZATION dbo');
GO
IF NOT EXISTS (SELECT 1 FROM sys.symmetric_keys WHERE name = N'##MS_DatabaseMasterKey##')
    EXEC(N'CREATE MASTER KEY ENCRYPTION BY PASSWORD = N''$(MasterKeyPassword)''');
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_scoped_credentials WHERE name = N'lake_identity')
    EXEC(N'CREATE DATABASE SCOPED CREDENTIAL lake_identity WITH IDENTITY = ''Managed Identity''');
GO
IF EXISTS (SELECT 1 FROM sys.external_data_sources WHERE name = N'lake' AND location <> N'$(LakeUrl)')
    EXEC(N'THROW 50000, ''The data source lake has another location than LakeUrl. The database holds no data: drop it, deploy again, add the people again.'', 1');
GO
IF NOT EXISTS (SELECT 1 FROM sys.external_data_sources WHERE name = N'lake')
    EXEC(N'CREATE EXTERNAL DATA SOURCE lake WITH (LOCATION = ''$(LakeUrl)'', CREDENTIAL = lake_identity)');
GO
IF NOT EXISTS (SELECT 1 FROM sys.external_file_formats WHERE name = N'delta')
    EXEC(N'CREATE EXTERNAL FILE FORMAT delta WITH (FORMAT_TYPE = DELTA)');
GO
IF NOT EXISTS (SELECT 1 FROM sys.external_file_formats WHERE name = N'csv_with_header')
    EXEC(N'CREATE EXTERNAL FILE FORMAT csv_with_header WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = '','', STRING_DELIMITER = ''"'', FIRST_ROW = 2))');
GO
