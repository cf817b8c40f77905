"""What people look at: figures, dashboard, Power BI, Synapse, documentation. Reads gold only.

How gold is made belongs to `customer360_dbt/`; pages about a run belong to `pages/`.
"""
