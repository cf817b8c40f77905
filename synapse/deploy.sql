-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
-- Variables: LakeUrl, MasterKeyPassword.
:on error exit
:r 01_database.sql
:r 02_storage.sql
:r 03_tables.sql
:r 04_security.sql
:r 05_views.sql
:r 06_metrics.sql
:r 07_grants.sql
:r 08_clean_up.sql
