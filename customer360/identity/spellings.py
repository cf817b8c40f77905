"""Names and places in one spelling: Latin letters of lower case, whatever alphabet they came in.

Transliterated by anyascii, from Greek, Cyrillic, Arabic and the accents of Latin. Han characters
become Mandarin syllables, which a Japanese name's owner would not recognise; so such a spelling is
marked, and compared with its like alone.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360.identity.contract import SPELLING_COLUMNS, SPELLINGS
from customer360.identity.exchange import Exchange
from customer360.identity.readings import Readings, read_distinct

if TYPE_CHECKING:
    import pyarrow as pa

# As people write them who have no umlauts; anyascii would drop the e.
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_HAN: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_OTHER: Final = re.compile("[^a-z0-9 ]")
# Letters that are compared; slips are counted in time that grows with their square.
_LONGEST: Final = 100
# Part of `read_by`: raise it when a text is to be spelled otherwise.
_RULES: Final = 2


def spelled(text: str) -> str | None:
    """One spelling of a name or place, cut to 100 letters; None where no letter or digit is left.

    >>> spelled("Ängström-Ōkubo")
    'aengstroem okubo'
    """
    from anyascii import anyascii

    latin = text[: 10 * _LONGEST].lower().translate(_GERMAN)
    if not latin.isascii():
        latin = anyascii(latin).lower()
    words = _OTHER.sub("", latin.replace("-", " ")).split()
    return " ".join(words)[:_LONGEST].rstrip() or None


def sorted_letters(spelling: str | None) -> str | None:
    """The letters of a spelling in order: equal for spellings that differ by swapped letters."""
    return None if spelling is None else "".join(sorted(spelling.replace(" ", "")))


def read_spellings(exchange: Exchange, texts: DataFrame) -> DataFrame:
    """Spell texts.

    Args:
        exchange: Scratch folder.
        texts: Rows with `text`; null ones are left out.

    Returns:
        One row per distinct text: `text`, `spelling`, `letters`, `script` (`han` or `other`).
    """

    def read(batch: pa.RecordBatch) -> list[pa.Array]:
        import pyarrow as pa

        written = batch.column(0).to_pylist()
        spellings = [spelled(text) for text in written]
        letters = [sorted_letters(spelling) for spelling in spellings]
        scripts = ["han" if _HAN.search(text) else "other" for text in written]
        return [pa.array(values, pa.string()) for values in (spellings, letters, scripts)]

    readings = Readings(
        table=SPELLINGS,
        columns=SPELLING_COLUMNS,
        key=("text",),
        read_by=f"anyascii {version('anyascii')}, rules {_RULES}",
        read=read,
    )
    return read_distinct(exchange, texts.where(F.col("text").isNotNull()), readings)
