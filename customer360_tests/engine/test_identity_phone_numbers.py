"""Phone numbers are read once: `ops/phone_numbers` holds what the present records' were read as."""

from __future__ import annotations

from collections.abc import Sequence

import phonenumbers
import pytest

from customer360.identity import normalise
from customer360.identity.contract import PHONE_NUMBERS
from customer360.identity.exchange import open_exchange
from customer360.identity.phones import read_phones
from customer360.resources.session import Engine

Numbers = set[tuple[str, str, str | None]]
MOBILE = ("015123456789", "DE", "+4915123456789")
FRENCH = ("0612345678", "", "+33612345678")
NONSENSE = ("110", "", None)


def _read(engine: Engine, numbers: Sequence[tuple[str, str]], country: str = "FR") -> Numbers:
    rows = [*numbers, *numbers]
    records = engine.session.createDataFrame(rows, "dialled string, dialled_in string")
    with open_exchange(engine, "phones") as exchange:
        found = read_phones(exchange, records, country)
        return {(r["dialled"], r["dialled_in"], r["e164"]) for r in found.collect()}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that the library was asked for."""
    asked: list[str] = []
    parse = phonenumbers.parse

    def counting(number: str, region: str) -> phonenumbers.PhoneNumber:
        asked.append(number)
        return parse(number, region)

    monkeypatch.setattr(phonenumbers, "parse", counting)
    return asked


def test_a_number_is_read_once(engine: Engine, reads: list[str]) -> None:
    assert _read(engine, [MOBILE[:2], NONSENSE[:2]]) == {MOBILE, NONSENSE}
    assert sorted(reads) == [MOBILE[0], NONSENSE[0]]
    reads.clear()
    assert _read(engine, [MOBILE[:2], NONSENSE[:2], FRENCH[:2]]) == {MOBILE, NONSENSE, FRENCH}
    assert reads == [FRENCH[0]]


def test_numbers_of_no_record_leave_the_table(engine: Engine) -> None:
    _read(engine, [MOBILE[:2], FRENCH[:2]])
    assert _read(engine, [FRENCH[:2]]) == {FRENCH}
    assert engine.lake.row_count(PHONE_NUMBERS) == 1
    assert _read(engine, []) == set()


def test_another_default_country_or_numbering_plan_reads_all_again(
    engine: Engine, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _read(engine, [FRENCH[:2]])
    assert _read(engine, [FRENCH[:2]], "IT") == {(*FRENCH[:2], "+390612345678")}
    monkeypatch.setattr(phonenumbers, "__version__", "another")
    _read(engine, [FRENCH[:2]], "IT")
    assert reads == [FRENCH[0]] * 3


def test_a_known_number_is_taken_from_the_table(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read(engine, [MOBILE[:2]])
    monkeypatch.setattr(normalise, "e164_numbers", lambda numbers, _: [None for _ in numbers])
    assert _read(engine, [MOBILE[:2], FRENCH[:2]]) == {MOBILE, (*FRENCH[:2], None)}
