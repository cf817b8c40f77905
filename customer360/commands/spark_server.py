"""An Apache Spark server with Delta for other machines: what `C360_ENGINE_URL` can name.

`python -m customer360.commands.spark_server` becomes the server; `--fetch` only gets its jars, for
an image. It asks nobody for a password: it belongs into a network of its own, or behind a proxy
that asks for a token. The server that a run starts for itself is in `resources.servers`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from customer360.errors import Customer360Error
from customer360.resources.servers import (
    SparkServer,
    require_java,
    spark_command,
    spark_environment,
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option("--port", default=15002, show_default=True, help="Port to listen on.")
@click.option("--memory", default="3g", show_default=True, help="Heap of the server.")
@click.option("--fetch", is_flag=True, help="Get the jars, see the server start, and end.")
def serve(host: str, port: int, memory: str, fetch: bool) -> None:
    """Serve Apache Spark with Delta over Spark Connect until it is ended."""
    try:
        require_java()
        if fetch:
            SparkServer().stop()
            return
    except Customer360Error as error:
        raise click.ClickException(str(error)) from error
    home = Path(tempfile.mkdtemp(prefix="customer360-spark-"))
    command = spark_command(host, port, home, memory)
    os.chdir(home)
    os.execvpe(command[0], command, spark_environment())  # noqa: S606 - our own command


if __name__ == "__main__":
    serve()
