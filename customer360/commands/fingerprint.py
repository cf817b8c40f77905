"""`customer360 fingerprint`: what the tables of a lake hold, and whether another holds the same.

What a fingerprint is, is in `customer360.fingerprint`; here it is only shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from customer360.errors import MissingTableError
from customer360.fingerprint import (
    TableFingerprint,
    differences,
    fingerprints,
    table_differences,
)
from customer360.keys import TableKey
from customer360.resources.lake import Lake
from customer360.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

Prints = Mapping[TableKey, TableFingerprint]


def show_fingerprints(
    settings: Settings,
    console: Console,
    *,
    against: str | None,
    layer: str | None,
    modulo_ids: bool,
    as_json: bool,
) -> bool:
    """Print the fingerprints of a lake's tables, beside those of another lake if one is named.

    Args:
        settings: The settings; their lake is `here`.
        console: Where it goes.
        against: Folder or URL of another lake: `there`.
        layer: Only this layer.
        modulo_ids: Whether lakes may hold the same customers under other ids.
        as_json: One JSON document instead of a table.

    Returns:
        Whether the lakes hold the same; true when there is no other lake.

    Raises:
        MissingTableError: A lake holds no table.
    """
    here = _fingerprints(settings.lake, layer, modulo_ids)
    if against is None:
        if as_json:
            _print_json(console, {key.sql: _document(print_) for key, print_ in here.items()})
        else:
            console.print(_table(here))
        return True
    there = _fingerprints(_resolved(against), layer, modulo_ids)
    found = differences(here, there)
    if as_json:
        tables = {
            key.sql: {
                "here": _document(here.get(key)),
                "there": _document(there.get(key)),
                "differences": table_differences(here.get(key), there.get(key)),
            }
            for key in sorted({*here, *there})
        }
        _print_json(console, {"equal": not found, "differences": found, "tables": tables})
    else:
        console.print(_comparison(here, there))
        console.out("\n".join(found) or "The lakes hold the same.", highlight=False)
    return not found


def _fingerprints(
    url: str, layer: str | None, modulo_ids: bool
) -> dict[TableKey, TableFingerprint]:
    found = fingerprints(Lake(url), layer, modulo_ids=modulo_ids)
    if not found:
        what = f"{layer} table" if layer else "table"
        raise MissingTableError(f"The lake {url} has no {what}. Load data with `customer360 run`.")
    return found


def _resolved(url: str) -> str:
    return url.rstrip("/") if "://" in url else str(Path(url).expanduser().resolve())


def _document(print_: TableFingerprint | None) -> dict[str, Any] | None:
    if print_ is None:
        return None
    return {
        "rows": print_.rows,
        "content": print_.content or None,
        "schema": dict(print_.schema),
        "left_out": print_.left_out or None,
        "columns_left_out": list(print_.columns_left_out),
        "columns_numeric": list(print_.columns_numeric),
    }


def _print_json(console: Console, document: object) -> None:
    console.out(json.dumps(document, indent=2), highlight=False)


def _table(here: Prints) -> Table:
    table = Table(title="Fingerprints", title_justify="left")
    table.add_column("table", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("content", no_wrap=True)
    table.add_column("left out")
    for key, print_ in here.items():
        table.add_row(key.sql, f"{print_.rows:,}", print_.content, _left_out(print_))
    return table


def _comparison(here: Prints, there: Prints) -> Table:
    table = Table(title="Here and there", title_justify="left")
    table.add_column("table", no_wrap=True)
    table.add_column("rows here", justify="right")
    table.add_column("rows there", justify="right")
    table.add_column("verdict")
    table.add_column("left out")
    for key in sorted({*here, *there}):
        ours, theirs = here.get(key), there.get(key)
        known = ours or theirs
        rows = (f"{p.rows:,}" if p else "" for p in (ours, theirs))
        table.add_row(key.sql, *rows, _verdict(ours, theirs), _left_out(known) if known else "")
    return table


def _verdict(ours: TableFingerprint | None, theirs: TableFingerprint | None) -> str:
    found = table_differences(ours, theirs)
    if found:
        missing = found[0].startswith("missing")
        return f"[red]{found[0] if missing else 'different'}[/red]"
    return "left out" if any(p is not None and p.left_out for p in (ours, theirs)) else "equal"


def _left_out(print_: TableFingerprint) -> str:
    numeric = [f"{name} (floating point)" for name in print_.columns_numeric]
    return print_.left_out or ", ".join([*print_.columns_left_out, *numeric])
