"""The Synapse serverless database over gold, as the scripts of `synapse/`, made from the manifest.

Nothing here runs them: `docs/synapse.md` says who does, and how.
"""
