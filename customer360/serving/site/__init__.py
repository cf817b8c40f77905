"""The documentation site: static pages that link to each other and work without a server.

What each page says comes from where it is kept: the dbt manifest, `docs/`, the asset graph.
"""
