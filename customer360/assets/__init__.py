"""Assets: thin glue of read, transform, write, metadata. The loads they wrap know no dagster."""
