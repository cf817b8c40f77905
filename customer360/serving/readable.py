"""Whether a Delta table can be read by every tool that gold is published to.

Synapse serverless knows Delta 1.0: what a newer writer may turn on shuts it out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deltalake import DeltaTable

_READER_VERSION: Final = 1
# Properties of a table, and the values with which old readers still read it.
_PROPERTIES: Final = {
    "delta.enableDeletionVectors": ("false",),
    "delta.columnMapping.mode": ("none",),
    "delta.checkpointPolicy": ("classic",),
}
_WRITER_FEATURES: Final = frozenset(
    {"deletionVectors", "columnMapping", "v2Checkpoint", "clustering"}
)


def reader_problems(table: DeltaTable) -> list[str]:
    """What keeps a tool from reading a table, in words; empty when every tool can."""
    protocol, metadata = table.protocol(), table.metadata()
    problems = []
    if protocol.min_reader_version != _READER_VERSION:
        problems.append(
            f"found reader version {protocol.min_reader_version}, expected {_READER_VERSION}"
        )
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    problems += [f"has the feature {f}" for f in sorted(features & _WRITER_FEATURES)]
    for name, allowed in _PROPERTIES.items():
        value = metadata.configuration.get(name, allowed[0])
        if value not in allowed:
            problems.append(f"found {name} = {value}, expected {' or '.join(allowed)}")
    if metadata.partition_columns:
        # An external table over Delta gives null for them.
        problems.append(f"is partitioned by {', '.join(metadata.partition_columns)}")
    for field in json.loads(table.schema().to_json())["fields"]:
        if not isinstance(field["type"], str) or field["type"] == "timestamp_ntz":
            problems.append(f"column {field['name']} has the type {field['type']}")
    return problems
