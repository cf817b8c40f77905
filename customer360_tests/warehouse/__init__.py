"""A stand-in for a Databricks SQL warehouse, for tests: the connector's Thrift over HTTP, on Spark.

Statements run on a Spark Connect server with Delta. `service` answers the remote calls, `wire` puts
results into Thrift, `statements` turns what only Databricks understands into what Spark does, and
`catalog` answers what the adapter asks about tables. It knows the statements that this project's
models send, no more: another one fails with Spark's own error.
"""
