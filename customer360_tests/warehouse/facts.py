"""What Unity Catalog knows of a table and Spark has no place for: tags, grants, keys, not null."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


def _by_table() -> defaultdict[str, dict[str, str]]:
    return defaultdict(dict)


@dataclass
class Facts:
    """Facts by `schema.table`, shared by all sessions of a warehouse.

    Attributes:
        tags: Value by name of the tag.
        column_tags: Value by `column.name of the tag`.
        grants: Privilege by principal.
        primary_keys: Columns, joined by a comma, by name of the constraint.
        not_null: Columns that were declared never to be null, by themselves.
    """

    tags: defaultdict[str, dict[str, str]] = field(default_factory=_by_table)
    column_tags: defaultdict[str, dict[str, str]] = field(default_factory=_by_table)
    grants: defaultdict[str, dict[str, str]] = field(default_factory=_by_table)
    primary_keys: defaultdict[str, dict[str, str]] = field(default_factory=_by_table)
    not_null: defaultdict[str, dict[str, str]] = field(default_factory=_by_table)

    def replaced(self, table: str) -> None:
        """A table was made anew: its constraints are gone, its tags and grants stay."""
        self.primary_keys.pop(table, None)
        self.not_null.pop(table, None)

    def dropped(self, table: str) -> None:
        """A table is gone, and all that was known of it."""
        self.replaced(table)
        for known in (self.tags, self.column_tags, self.grants):
            known.pop(table, None)
