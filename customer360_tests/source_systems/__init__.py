"""Source systems to copy from: a crm in PostgreSQL, an interface with pages, dropped files.

`crm` and `api` are the systems; `world` fills them from a simulated world; `service` serves them
with a stand-in Data Factory beside them, for the compose profile `sources`.
"""
