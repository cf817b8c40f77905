-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE master;
GO
IF DB_ID(N'customer360') IS NULL
    EXEC(N'CREATE DATABASE customer360 COLLATE Latin1_General_100_BIN2_UTF8');
GO
USE customer360;
GO
IF CAST(DATABASEPROPERTYEX(DB_NAME(), N'Collation') AS varchar(100)) <> 'Latin1_General_100_BIN2_UTF8'
    EXEC(N'ALTER DATABASE CURRENT COLLATE Latin1_General_100_BIN2_UTF8');
GO
