"""Names of people by culture: native spelling, latin spelling, short forms.

Here: name pools (Faker's locale data) and how a culture spells and shares names. Not here: who
gets which name (``people``), e-mail addresses (``identifiers``).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from zlib import crc32

import numpy as np
import polars as pl

from customer360.landing.simulate.streams import Ints

MAX_POOL = 400
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)


@dataclass(frozen=True)
class Culture:
    """A naming culture: locale, share of people, where they live, endings of women's names."""

    code: str
    locale: str
    weight: float
    countries: dict[str, float]
    female_endings: tuple[tuple[str, str], ...] = ()


CULTURES = (
    Culture("en", "en_IE", 0.14, {"IE": 0.9, "DE": 0.1}),
    Culture("de", "de_DE", 0.22, {"DE": 0.8, "AT": 0.2}),
    Culture("fr", "fr_FR", 0.16, {"FR": 0.85, "BE": 0.15}),
    Culture("es", "es_ES", 0.12, {"ES": 1.0}),
    Culture("pl", "pl_PL", 0.12, {"PL": 0.9, "DE": 0.1}, (("ski", "ska"), ("cki", "cka"))),
    Culture("el", "el_GR", 0.06, {"GR": 0.9, "DE": 0.1}, (("ης", "η"), ("ος", "ου"), ("ας", "α"))),
    Culture("uk", "uk_UA", 0.06, {"PL": 0.5, "DE": 0.3, "ES": 0.2}, (("ький", "ька"),)),
    Culture("tr", "tr_TR", 0.05, {"DE": 0.8, "AT": 0.2}),
    Culture("ar", "ar_AA", 0.04, {"FR": 0.7, "DE": 0.3}),
    Culture("zh", "zh_CN", 0.02, {"FR": 0.4, "DE": 0.3, "ES": 0.3}),
    Culture("ja", "ja_JP", 0.01, {"DE": 0.8, "FR": 0.2}),
)
NON_LATIN = frozenset({"el", "uk", "ar", "zh", "ja"})

SHORT_FORMS = {
    "Alexander": "Alex", "Alexandra": "Alex", "Andreas": "Andi", "Benjamin": "Ben",
    "Catherine": "Cathy", "Christopher": "Chris", "Christian": "Chris", "Daniel": "Dan",
    "Elisabeth": "Lisa", "Elizabeth": "Liz", "Emily": "Em", "Ewa": "Ewka", "Francisco": "Paco",
    "Gabriel": "Gabi", "Hans": "Hansi", "Isabel": "Isa", "Jakub": "Kuba", "James": "Jim",
    "Jan": "Janek", "Johannes": "Hannes", "John": "Jack", "José": "Pepe", "Joseph": "Joe",
    "Katarzyna": "Kasia", "Katharina": "Kathi", "Louise": "Lou", "Małgorzata": "Gosia",
    "Manuel": "Manu", "Margaret": "Peggy", "Maria": "Mia", "Matthew": "Matt", "Maximilian": "Max",
    "Michael": "Mike", "Nicolas": "Nico", "Patrick": "Paddy", "Piotr": "Piotrek",
    "Rebecca": "Becky", "Robert": "Rob", "Samuel": "Sam", "Sebastian": "Basti", "Sophie": "Sophia",
    "Susan": "Sue", "Thomas": "Tom", "Tomasz": "Tomek", "Valérie": "Val", "William": "Bill",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """All pools one after another.

    ``firsts``: native, latin, slug, short (null if none). ``lasts``: native, latin, slug for men
    and the same with ``_f`` for women. ``first_from``/``first_size`` by (culture, gender 0 man,
    1 woman) and ``last_from``/``last_size`` by culture say where a pool lies.
    """

    firsts: pl.DataFrame
    lasts: pl.DataFrame
    first_from: Ints
    first_size: Ints
    last_from: Ints
    last_size: Ints


@lru_cache(maxsize=1)
def load_names() -> Names:
    """Return the pools of all cultures; the same order on every machine."""
    firsts: list[dict[str, str | None]] = []
    lasts: list[dict[str, str | None]] = []
    first_spans, last_spans = [], []
    for culture in CULTURES:
        people = import_module(f"faker.providers.person.{culture.locale}").Provider
        spans = []
        for pool in (people.first_names_male, people.first_names_female):
            names = _pool(pool)
            spans.append((len(firsts), len(names)))
            firsts += [_spelled(culture, people, name) for name in names]
        first_spans.append(spans)
        surnames = _pool(getattr(people, "last_names_male", None) or _surnames(people))
        last_spans.append((len(lasts), len(surnames)))
        lasts += [_family_name(culture, people, name) for name in surnames]
    first_span, last_span = np.array(first_spans), np.array(last_spans)
    return Names(
        pl.DataFrame(firsts, schema=dict.fromkeys(("native", "latin", "slug", "short"), pl.String)),
        pl.DataFrame(lasts),
        first_span[:, :, 0],
        first_span[:, :, 1],
        last_span[:, 0],
        last_span[:, 1],
    )


def _surnames(people: object) -> object:
    # The Polish provider hides its surnames behind methods; `last_names` is a placeholder there.
    return [
        *getattr(people, "male_last_names", ()),
        *getattr(people, "unisex_last_names", ())[:200],
    ] or getattr(people, "last_names")  # noqa: B009 - untyped provider


def _pool(names: object) -> list[str]:
    distinct = {str(name) for name in names}  # type: ignore[attr-defined] # any iterable
    # Pools come in alphabetical order; names drawn often must not all begin with A.
    return sorted(distinct, key=lambda name: (crc32(name.encode()), name))[:MAX_POOL]


def _latin(culture: Culture, people: object, name: str) -> str:
    from anyascii import anyascii

    if culture.code == "ja":
        for pairs in ("first_name_pairs", "last_name_pairs"):
            for native, _, latin in getattr(people, pairs):
                if native == name:
                    return str(latin)
    text = name.translate(_GERMAN) if culture.code == "de" else name
    latin = anyascii(text)
    return latin[:1].upper() + latin[1:]


def _slug(latin: str) -> str:
    return "".join(letter for letter in latin.lower() if letter.isalnum() and letter.isascii())


def _spelled(culture: Culture, people: object, name: str) -> dict[str, str | None]:
    latin = _latin(culture, people, name)
    return {"native": name, "latin": latin, "slug": _slug(latin), "short": SHORT_FORMS.get(name)}


def _family_name(culture: Culture, people: object, name: str) -> dict[str, str | None]:
    female = name
    for ending, changed in culture.female_endings:
        if name.endswith(ending):
            female = name[: -len(ending)] + changed
            break
    man, woman = _spelled(culture, people, name), _spelled(culture, people, female)
    return {
        "native": man["native"],
        "latin": man["latin"],
        "slug": man["slug"],
        "native_f": woman["native"],
        "latin_f": woman["latin"],
        "slug_f": woman["slug"],
    }
