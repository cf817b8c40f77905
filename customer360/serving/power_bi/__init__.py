"""The Power BI project `powerbi/`, made from the dbt manifest: semantic model, roles, report pages.

`model` says what the semantic model is, `queries` how its tables are read, `roles` who sees what,
`tmdl` writes all of it down; `pages` says what the report shows, `report` writes it down;
`project` holds the files. Asking Power BI for a refresh is in `resources`.
"""
