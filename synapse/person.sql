-- Made by `customer360 synapse` from the dbt project: change that, not this file.
-- Safe to run again; docs/synapse.md says how.
-- Variables: Login, Role.
:on error exit
USE master;
GO
IF SUSER_ID(N'$(Login)') IS NULL
    EXEC(N'CREATE LOGIN [$(Login)] FROM EXTERNAL PROVIDER');
GO
DENY ADMINISTER BULK OPERATIONS TO [$(Login)];
GO
USE customer360;
GO
IF DATABASE_PRINCIPAL_ID(N'$(Login)') IS NULL
    EXEC(N'CREATE USER [$(Login)] FOR LOGIN [$(Login)]');
GO
ALTER ROLE $(Role) ADD MEMBER [$(Login)];
GO
