"""Assets: thin glue of read, transform, write, metadata; and the loads they wrap, which know no dagster."""
