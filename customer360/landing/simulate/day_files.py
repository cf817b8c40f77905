"""The files of one day of one block: records become sheets, suffer their faults, wait or land.

Here: the order in which faults meet a file, and the copies and files that land days later.
Not here: the faults themselves (``fault_lines``, ``copied_lines``, ``fault_files``), writing to
disk (``landing_folder``).
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from customer360.landing.simulate.block import NOBODY, Block
from customer360.landing.simulate.copied_lines import CopiedLine, copy_line
from customer360.landing.simulate.fault_files import (
    Fate,
    PreparedFile,
    again,
    draw_fate,
    empty_file,
    prepare,
)
from customer360.landing.simulate.fault_kinds import COPY_KINDS, RATES, FaultRates, kinds_for
from customer360.landing.simulate.fault_lines import Spoiler
from customer360.landing.simulate.formats import ACCOUNTS, CONTACTS, ENTITY_FORMATS, EntityFormat
from customer360.landing.simulate.sheet import Fault, Sheet, mark_names, render

MAX_DAYS_UNTIL_COPY = 4
SAME_FILE_SHARE = 0.4


@dataclass
class DayFiles:
    """Makes the files of each day in turn; ``shelf`` and ``copies`` wait for their day."""

    block: Block
    shelf: dict[int, list[PreparedFile]] = field(default_factory=lambda: defaultdict(list))
    copies: dict[tuple[str, int], list[CopiedLine]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @property
    def rates(self) -> FaultRates | None:
        """The rates of the world's level, None for a world without faults."""
        return RATES.get(self.block.world.faults)

    def of_day(self, day: int) -> tuple[list[PreparedFile], dict[str, pl.DataFrame]]:
        """Return the files that land on ``day``, and the marks of what really happened by entity.

        Days must be asked for in order, each once.
        """
        happened: dict[str, pl.DataFrame] = {}
        for entity in ENTITY_FORMATS:
            frame = self.block.outbox.take(entity.folder, day)
            if frame is not None:
                if "_person" not in frame.columns:
                    nobody = pl.lit(NOBODY, dtype=pl.Int64)
                    frame = frame.with_columns(_person=nobody)
                happened[entity.folder] = frame.select(mark_names(entity))
            self._make_file(entity, day, frame)
        return self.shelf.pop(day, []), happened

    def _make_file(self, entity: EntityFormat, day: int, frame: pl.DataFrame | None) -> None:
        stem = f"{entity.entity}-{self.block.number:04d}"
        rng = self.block.rng(day, f"faults {entity.folder}")
        copies = self.copies.pop((entity.folder, day), [])
        if frame is None and not copies:
            return
        sheet = _empty_sheet(entity, copies) if frame is None else render(entity, frame)
        fate = self._fate(entity, rng, copies)
        if self.rates is not None and frame is not None:
            self._rename_field(sheet, day)
            _note_deletions(sheet, frame)
            copies = self._spoil_lines(sheet, fate, rng, day + fate.days_late) + copies
        _append(sheet, copies)
        lands = day + fate.days_late
        late = f"-late-{self.block.world.on(day):%Y%m%d}" if fate.kind == "late_file" else ""
        file = prepare(sheet, fate, rng, stem + late)
        self.shelf[lands].append(file)
        if fate.kind == "repeated_file":
            self.shelf[day + fate.days].append(again(file, f"{stem}-again-{day:04d}"))
        if fate.kind in ("empty_file", "header_only_file"):
            self.shelf[day].append(empty_file(entity, fate.kind, f"{stem}-retry"))

    def _fate(
        self, entity: EntityFormat, rng: np.random.Generator, copies: list[CopiedLine]
    ) -> Fate:
        if self.rates is None:
            return Fate()
        fate = draw_fate(rng, self.rates, entity)
        # A copy in a file with one column more would not be an exact copy of its line any more.
        is_widened = fate.kind == "extra_column" and bool(copies)
        # A contradiction that comes twice could be called a duplicate as well as a conflict.
        is_doubtful = fate.kind == "repeated_file" and any(
            copy.fault.kind == "conflicting_copy" for copy in copies
        )
        return Fate() if is_widened or is_doubtful else fate

    def _rename_field(self, sheet: Sheet, day: int) -> None:
        if sheet.entity is not ACCOUNTS or self.rates is None or day < self.rates.renamed_from:
            return
        sheet.lines = [line.replace(b'"phone":', b'"phone_number":', 1) for line in sheet.lines]
        sheet.faults.append(Fault("renamed_field", "none", 0, "phone", "phone_number"))

    def _spoil_lines(
        self, sheet: Sheet, fate: Fate, rng: np.random.Generator, lands: int
    ) -> list[CopiedLine]:
        """Give lines their faults and return the copies that land in the same file."""
        kinds = kinds_for(sheet.entity)
        if fate.loses_lines or fate.kind == "extra_column":
            kinds = tuple(kind for kind in kinds if kind not in COPY_KINDS)
        count = len(sheet.lines)
        share = self.rates.lines if self.rates else 0.0
        chosen = rng.choice(count, int(rng.binomial(count, share)), replace=False)
        spoiler = Spoiler(sheet.entity, rng)
        copies: list[CopiedLine] = []
        for row in sorted(int(number) for number in chosen):
            kind = kinds[int(rng.integers(0, len(kinds)))]
            if kind in COPY_KINDS:
                copies += self._copy(sheet, kind, row, rng, lands)
                continue
            spoiled = spoiler.spoil(kind, sheet.lines[row])
            if spoiled is not None:
                sheet.lines[row] = spoiled.line
                sheet.verdicts[row] = spoiled.verdict
                sheet.faults.append(replace(spoiled.fault, line=sheet.line_number(row)))
        return copies

    def _copy(
        self, sheet: Sheet, kind: str, row: int, rng: np.random.Generator, lands: int
    ) -> list[CopiedLine]:
        copy = copy_line(kind, sheet.entity, sheet.lines[row], sheet.marks.row(row, named=True))
        stays = rng.random() < SAME_FILE_SHARE
        day = lands + int(rng.integers(1, MAX_DAYS_UNTIL_COPY + 1))
        if copy is None:
            return []
        if kind == "repeated_record" and stays:
            return [copy]
        self.copies[sheet.entity.folder, day].append(copy)
        return []


def _append(sheet: Sheet, copies: list[CopiedLine]) -> None:
    if not copies:
        return
    rows = sheet.append(
        [copy.line for copy in copies],
        [copy.mark for copy in copies],
        [copy.verdict for copy in copies],
    )
    sheet.faults += [
        replace(copy.fault, line=sheet.line_number(row))
        for copy, row in zip(copies, rows, strict=True)
    ]


def _empty_sheet(entity: EntityFormat, copies: list[CopiedLine]) -> Sheet:
    marks = pl.DataFrame([copies[0].mark], infer_schema_length=1)
    schema = {
        name: pl.String if name == "_key" else pl.Boolean if name == "_cancelled" else pl.Int64
        for name in marks.columns
    }
    return Sheet(entity, [], pl.DataFrame(schema=schema))


def _note_deletions(sheet: Sheet, frame: pl.DataFrame) -> None:
    if sheet.entity is ACCOUNTS:
        gone, column, value = frame["is_deleted"], "is_deleted", "true"
    elif sheet.entity is CONTACTS:
        gone, column, value = frame["op"] == "D", "op", "D"
    else:
        return
    sheet.faults += [
        Fault("deletion", "tombstone", sheet.line_number(row), column, value)
        for row in gone.arg_true()
    ]
