"""Jobs, schedules, sensors, partitions, and how Dagster stores its events."""
