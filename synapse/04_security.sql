-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
USE customer360;
GO
IF OBJECT_ID(N'security.user_regions') IS NOT NULL
    EXEC(N'DROP EXTERNAL TABLE security.user_regions');
GO
CREATE EXTERNAL TABLE security.user_regions (
    [user_name] varchar(200) COLLATE Latin1_General_100_BIN2_UTF8,
    [country] varchar(200) COLLATE Latin1_General_100_BIN2_UTF8,
    [region] varchar(200) COLLATE Latin1_General_100_BIN2_UTF8
) WITH (
    LOCATION = 'security/user_regions/', DATA_SOURCE = lake, FILE_FORMAT = csv_with_header
);
GO
CREATE OR ALTER VIEW security.my_places AS
SELECT u.country, u.region
FROM security.user_regions AS u
WHERE LOWER(u.user_name) = LOWER(SUSER_SNAME());
GO
IF DATABASE_PRINCIPAL_ID(N'gold_reader') IS NULL
    EXEC(N'CREATE ROLE gold_reader');
GO
IF DATABASE_PRINCIPAL_ID(N'gold_pii_reader') IS NULL
    EXEC(N'CREATE ROLE gold_pii_reader');
GO
