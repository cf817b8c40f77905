"""A stand-in of Azure Data Factory that executes the pipelines of `adf/`.

`server` speaks the part of the management interface that the client uses; `pipelines` runs
activities; `copies` really copies, from PostgreSQL, HTTP and folders to a folder that stands for
the lake. What a pipeline of `adf/` does not use is refused, never ignored.
"""
