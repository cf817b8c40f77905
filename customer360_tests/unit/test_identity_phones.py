"""Phone numbers into E.164, in the country of the record or else the default."""

from __future__ import annotations

import pytest

from customer360.identity.normalise import e164_numbers


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("015123456789", "DE", "+4915123456789"),
        ("+4915123456789", "", "+4915123456789"),
        ("+49015123456789", "FR", "+4915123456789"),
        ("015123456789", None, "+4915123456789"),
        ("015123456789", "", "+4915123456789"),
        ("015123456789", "Germany", "+4915123456789"),
        ("0612345678", "FR", "+33612345678"),
        ("0612345678", "DE", "+49612345678"),
        ("06641234567", "AT", "+436641234567"),
        ("020 7946 0018 ext. 12", "GB", "+442079460018"),
        ("no phone", "DE", None),
        ("", "DE", None),
        ("110", "DE", None),
        ("+99912345678", "DE", None),
        ("1" * 300, "DE", None),
    ],
)
def test_e164_numbers_reads(number: str, country: str | None, expected: str | None) -> None:
    assert list(e164_numbers([(number, country)], "DE")) == [expected]


def test_e164_numbers_keeps_the_order() -> None:
    numbers = [("0612345678", "FR"), ("x", "FR"), ("015123456789", "DE")]
    assert list(e164_numbers(numbers, "DE")) == ["+33612345678", None, "+4915123456789"]


def test_e164_numbers_reads_another_default_country() -> None:
    assert list(e164_numbers([("0612345678", "")], "FR")) == ["+33612345678"]
