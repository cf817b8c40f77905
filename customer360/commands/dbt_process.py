"""dbt as this project starts it: the same program, set up for a short process of many queries."""

from __future__ import annotations

import atexit
import gc
import os

from customer360.garbage import collect_seldom


def main() -> None:
    """Run dbt with this process's arguments."""
    collect_seldom()
    # What is frozen the interpreter does not look through for half a second while it shuts down.
    atexit.register(gc.freeze)
    # dbt computes nothing; the threads of its numerical libraries would only wait busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from dbt.cli.main import cli

    cli(prog_name="dbt")
