"""The Azure Data Factory of the sources, as the JSON that its Git integration keeps in `adf/`."""
