"""What PySpark must not do beside the work: it costs a small load a quarter of its time."""

from __future__ import annotations

from pyspark.errors.utils import is_debugging_enabled

from customer360.resources.session import Engine


def test_calls_on_columns_do_not_note_where_they_come_from(engine: Engine) -> None:
    """Private to PySpark: another version may keep it elsewhere."""
    assert engine.is_running
    assert not is_debugging_enabled()
