"""One spelling per identifier: e-mail, cards and handles in the engine, phones by phonenumbers.

Pure: column expressions, and one function over distinct phone numbers. Which record carries which
identifier is in `identifiers`; the placeholder lists are in `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from customer360.identity import rules

# Something before and after one @, a dot in the domain, two letters behind it; no blanks, control
# characters or separators.
_NOT = r'@,;:<>()"\x00-\x20\x7f-\xa0'
_EMAIL = f"^[^{_NOT}]+@[^{_NOT}]+[.][^{_NOT}.0-9]{{2,}}$"
# No mail goes to longer addresses (RFC 5321).
_LONGEST_EMAIL = 254
_LONGEST_POSTAL_CODE = 32
_DIGITS = "0123456789"
# Arabic, Persian and wide ones.
_OTHER_DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹０１２３４５６７８９"


class Reading(NamedTuple):
    """What becomes of a raw value: its one spelling, and why it does not link (null if it may)."""

    value: Column
    reason: Column


def email(raw: Column) -> Reading:
    """Mailbox of an address: lower case, no tag after +, one domain per provider, dots ignored.

    An address that cannot be read keeps its lower-case spelling.
    """
    text = F.lower(F.trim(raw))
    domain = F.substring_index(text, "@", -1)
    for alias, name in rules.EMAIL_DOMAIN_ALIASES.items():
        domain = F.when(domain == alias, F.lit(name)).otherwise(domain)
    untagged = F.substring_index(F.substring_index(text, "@", 1), "+", 1)
    dotless = domain.isin(*rules.EMAIL_DOMAINS_IGNORING_DOTS)
    local = F.when(dotless, F.replace(untagged, F.lit("."), F.lit(""))).otherwise(untagged)
    readable = text.rlike(_EMAIL) & (local != "") & (F.length(text) <= _LONGEST_EMAIL)
    filler = (
        _is_word(local)
        | domain.isin(*rules.PLACEHOLDER_DOMAINS)
        | (_is_one_character(local) & _is_one_character(F.substring_index(domain, ".", 1)))
    )
    value = F.when(readable, F.concat(local, F.lit("@"), domain)).otherwise(text)
    return Reading(value, _reason(filler | _is_word(text), readable))


def plain_id(raw: Column) -> Reading:
    """An id as its system writes it; words such as `guest` do not link."""
    return Reading(raw, _reason(_is_word(F.lower(raw)), F.lit(True)))


def loyalty_card(raw: Column) -> Reading:
    """A card number without blanks and dashes, letters upper case."""
    card = F.regexp_replace(F.upper(raw), "[^0-9A-Z]", "")
    filler = _is_number_filler(card) | _is_word(F.lower(card))
    return Reading(F.when(card != "", card).otherwise(raw), _reason(filler, card != ""))


def handle(raw: Column) -> Column:
    """A handle without the leading @, lower case, as networks compare it."""
    return F.lower(F.regexp_replace(F.trim(raw), "^@", ""))


def dialled(raw: Column) -> Column:
    """What is dialled: digits, with a leading + in place of 00.

    Numbers written with letters (an extension, a note) stay as they are. Fewer spellings reach the
    run process this way: one of four in the simulated world.
    """
    digits = F.translate(F.trim(raw), _OTHER_DIGITS, 3 * _DIGITS)
    digits = F.regexp_replace(digits, "[^0-9+]", "")
    abroad = F.concat(F.lit("+"), F.substring(digits, 3, 100))
    number = F.when(digits.rlike("^00[1-9]"), abroad).otherwise(digits)
    return F.when(raw.rlike("[A-Za-z]"), F.trim(raw)).otherwise(number)


def phone(number: Column, e164: Column) -> Reading:
    """A dialled number with what `e164_numbers` made of it, null where it is no number."""
    digits = F.regexp_replace(number, "[^0-9]", "")
    filler = _is_number_filler(digits) | _is_word(F.lower(number))
    return Reading(F.coalesce(e164, number), _reason(filler, number.isNull() | e164.isNotNull()))


def postal_code(raw: Column) -> Column:
    """Letters and digits of a postal code; null where none is left, or zeros alone."""
    code = F.regexp_replace(F.upper(raw), "[^0-9A-Z]", "")
    return F.when(
        F.replace(code, F.lit("0"), F.lit("")) != "", code.substr(1, _LONGEST_POSTAL_CODE)
    )


def birth_date(born: Column, landed_on: Column) -> Column:
    """A birth date that somebody may have: no form's default, not too long ago, not to come."""
    text = born.cast("string")
    is_real = (
        ~text.isin(*rules.PLACEHOLDER_BIRTH_DATES)
        & (F.substring(text, 1, 4) >= rules.FIRST_BIRTH_YEAR)
        & (born <= landed_on)
    )
    return F.when(is_real, born)


def e164_numbers(
    numbers: Iterable[tuple[str, str | None]], default_country: str
) -> Iterator[str | None]:
    """Read phone numbers, about 40 microseconds each.

    Args:
        numbers: (dialled number, ISO 3166 code of the record or None).
        default_country: Country of numbers whose record names none that has a numbering plan.

    Yields:
        E.164 for each, in order; None for what is no valid number.
    """
    import phonenumbers

    for number, country in numbers:
        region = country if country in phonenumbers.SUPPORTED_REGIONS else default_country
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            yield None
            continue
        valid = phonenumbers.is_valid_number(parsed)
        yield (
            phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            if valid
            else None
        )


def _reason(filler: Column, readable: Column) -> Column:
    return F.when(filler, F.lit(rules.PLACEHOLDER)).when(~readable, F.lit(rules.INVALID))


def _is_word(text: Column) -> Column:
    word = F.regexp_replace(text, "[-._/ ]", "")
    return word.isin(*rules.PLACEHOLDER_WORDS) | word.rlike(rules.PLACEHOLDER_WORD_PATTERN)


def _is_one_character(text: Column) -> Column:
    return (text != "") & (F.replace(text, F.substring(text, 1, 1), F.lit("")) == "")


def _is_number_filler(digits: Column) -> Column:
    return _any([_is_one_character(digits), digits.isin(*rules.PLACEHOLDER_NUMBERS)])


def _any(conditions: list[Column]) -> Column:
    return reduce(lambda a, b: a | b, conditions)
