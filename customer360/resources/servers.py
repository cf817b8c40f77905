"""The two local engine servers, embedded Sail and Apache Spark + Delta; both speak Spark Connect.

Only starting and stopping are here; sessions are opened by `resources.session`, and clusters that
somebody else runs are in `resources.clusters`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, Protocol

from customer360.errors import EngineError, MissingPrerequisiteError
from customer360.resources.processes import LAKE, OWNER, process_mark

# The Delta jars that match the locked pyspark and delta-spark wheels (requirements.in).
DELTA_PACKAGE: Final = "io.delta:delta-spark_4.2_2.13:4.4.0"
START_TIMEOUT_SECONDS: Final = 180
_FIFTEEN_YEARS_SECONDS: Final = str(15 * 365 * 24 * 3600)


class EngineServer(Protocol):
    """A Spark Connect server.

    Attributes:
        name: What it is, in an error.
        is_ours: Whether this process started it: then nobody else's tables are in its catalog, and
            when it does not answer it is gone.
        catalog: The catalog to work in; its own default when None.
        table_properties: SQL clause for tables that are made on it.
    """

    name: str
    is_ours: bool
    catalog: str | None
    table_properties: str

    def connection(self, session_id: str) -> Any:
        """What a client connects a session with: a URL, or a channel builder."""

    @property
    def is_running(self) -> bool:
        """Whether it can still be asked anything."""

    def stop(self) -> None:
        """Stop it; a second call does nothing."""


class _OwnServer:
    """What both servers have in common."""

    name: str
    address: str
    is_ours = True
    catalog: str | None = None
    table_properties = ""

    def connection(self, session_id: str) -> str:
        """The URL of a session."""
        return f"sc://{self.address}/;session_id={session_id}"


class SailServer(_OwnServer):
    """Sail, embedded in this process: starts in about a second, needs nothing but its wheel."""

    name = "the embedded engine"

    def __init__(self) -> None:
        """Start the server on a free loopback port."""
        # An idle session would be dropped after 15 minutes, and its id is then dead for good.
        os.environ.setdefault("SAIL_SPARK__SESSION_TIMEOUT_SECS", _FIFTEEN_YEARS_SECONDS)
        # Its start, stop and aborted background tasks are no news to a user.
        os.environ.setdefault("RUST_LOG", "error")
        from pysail.spark import SparkConnectServer

        self._server = SparkConnectServer("127.0.0.1", 0)
        self._server.start(background=True)
        bound = self._server.listening_address
        if bound is None:
            raise EngineError("The embedded engine did not start: it listens nowhere.")
        self.address = f"127.0.0.1:{bound[1]}"

    @property
    def is_running(self) -> bool:
        """Whether it can still be asked anything."""
        return bool(self._server.running)

    def stop(self) -> None:
        """Stop the server."""
        if self.is_running:
            self._server.stop()


class SparkServer(_OwnServer):
    """Apache Spark with Delta, a Connect server in its own process; needs Java 17 or newer."""

    name = "the local Apache Spark server"

    def __init__(self, lake_url: str = "") -> None:
        """Start the server on a free loopback port and wait until it answers.

        Args:
            lake_url: The lake it works on: the next writer of that lake alone ends it, should it
                outlive this process.

        Raises:
            MissingPrerequisiteError: Java is missing or too old, or the Delta jars cannot be had.
            EngineError: The server ended or did not answer in time.
        """
        require_java()
        self._port = _free_port()
        self.address = f"localhost:{self._port}"
        self._home = Path(tempfile.mkdtemp(prefix="customer360-spark-"))
        self._log = self._home / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - fixed program, our own arguments
                spark_command("127.0.0.1", self._port, self._home),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home,
                env=spark_environment() | {OWNER: process_mark(), LAKE: lake_url},
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        """Wait for the port; say what went wrong if the process ends first."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise self._failure("ended while starting")
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.2)
        raise self._failure(f"did not answer within {START_TIMEOUT_SECONDS} s")

    def _failure(self, what: str) -> Exception:
        log = self._log.read_text(errors="replace")
        if "UNRESOLVED DEPENDENCIES" in log or "unresolved dependency" in log:
            return MissingPrerequisiteError(
                f"The Delta jars {DELTA_PACKAGE} were not found in the local Ivy cache and could "
                "not be downloaded from Maven Central. Start once with access to it, or use "
                "C360_ENGINE=sail."
            )
        tail = "\n".join(log.splitlines()[-15:])
        return EngineError(f"The Apache Spark server {what}. The end of its log:\n{tail}")

    @property
    def is_running(self) -> bool:
        """Whether it can still be asked anything."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop the server's process group and remove its folder."""
        if self.is_running:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def spark_command(host: str, port: int, home: Path, memory: str = "3g") -> list[str]:
    """The command of an Apache Spark Connect server with Delta.

    Args:
        host: Address of the interface on which it listens.
        port: Its port.
        home: Folder for tables that are registered without a place; there are none.
        memory: Its heap.
    """
    import pyspark

    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.connect.grpc.binding.address": host,
        "spark.connect.grpc.binding.port": str(port),
        # Small data on few cores: the defaults of 200 and 50 tasks cost seconds a statement.
        "spark.sql.shuffle.partitions": "4",
        "spark.databricks.delta.snapshotPartitions": "2",
        # A hash over n renamed columns has 2^n inferred constraints: the snapshot of customers
        # filled any heap (docs/engines.md).
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(home / "warehouse"),
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    submit = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    conf = [part for k, v in settings.items() for part in ("--conf", f"{k}={v}")]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    return [submit, "--class", server, "--packages", DELTA_PACKAGE, "--master", "local[2]", *conf]


def spark_environment() -> dict[str, str]:
    """Environment of such a server: this process's, but for an Apache Spark that it may name."""
    import pyspark

    kept = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
    return kept | {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
        "TZ": "UTC",
    }


def require_java() -> None:
    """Raise unless Java 17 or newer is on the PATH.

    Raises:
        MissingPrerequisiteError: Java is missing or too old.
    """
    java = shutil.which("java")
    remedy = "Install a JDK 17 or newer (Debian: openjdk-17-jre-headless), or use C360_ENGINE=sail."
    if java is None:
        raise MissingPrerequisiteError(
            f"C360_ENGINE=spark needs Java; no java on the PATH. {remedy}"
        )
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "(\d+)', shown.stderr + shown.stdout)
    if not found or int(found[1]) < 17:
        version = found[1] if found else "an unknown version"
        raise MissingPrerequisiteError(
            f"C360_ENGINE=spark needs Java 17 or newer, found {version}. {remedy}"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
