"""What a raw e-mail address, card, id or phone becomes, and why some of them do not link."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pyspark.sql import functions as F

from customer360.identity import normalise
from customer360.identity.normalise import Reading
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

Answer = tuple[str | None, str | None]

PLACEHOLDER, INVALID = "placeholder", "invalid"
EMAILS: dict[str | None, Answer] = {
    None: (None, None),
    "Ada.Byron@Mail.Example": ("ada.byron@mail.example", None),
    "  ada@mail.example ": ("ada@mail.example", None),
    "ada+shop+2@mail.example": ("ada@mail.example", None),
    "a.d.a+x@gmail.com": ("ada@gmail.com", None),
    "A.d.a@GoogleMail.com": ("ada@gmail.com", None),
    "a.d.a@gmail.example": ("a.d.a@gmail.example", None),
    "a@smith.example": ("a@smith.example", None),
    "jürgen@müller.example": ("jürgen@müller.example", None),
    "o'neil@mail.example": ("o'neil@mail.example", None),
    "tester.jones@mail.example": ("tester.jones@mail.example", None),
    "none@none.com": ("none@none.com", PLACEHOLDER),
    "No-Reply@shop.example": ("no-reply@shop.example", PLACEHOLDER),
    "noreply+7@shop.example": ("noreply@shop.example", PLACEHOLDER),
    "test@mail.example": ("test@mail.example", PLACEHOLDER),
    "test12@mail.example": ("test12@mail.example", PLACEHOLDER),
    "ada@none.com": ("ada@none.com", PLACEHOLDER),
    "x@x.xx": ("x@x.xx", PLACEHOLDER),
    "xxx@xx.de": ("xxx@xx.de", PLACEHOLDER),
    "x@x": ("x@x", PLACEHOLDER),
    "N/A": ("n/a", PLACEHOLDER),
    "kein": ("kein", PLACEHOLDER),
    "mail.example": ("mail.example", INVALID),
    "@mail.example": ("@mail.example", INVALID),
    "+shop@mail.example": ("+shop@mail.example", INVALID),
    "ada@mail": ("ada@mail", INVALID),
    "ada@@mail.example": ("ada@@mail.example", INVALID),
    "ada@mail.example, bob@mail.example": ("ada@mail.example, bob@mail.example", INVALID),
    "ada byron@mail.example": ("ada byron@mail.example", INVALID),
}
CARDS: dict[str | None, Answer] = {
    None: (None, None),
    "2943 7218-276": ("29437218276", None),
    "ab12": ("AB12", None),
    "000123": ("000123", None),
    "0000000000": ("0000000000", PLACEHOLDER),
    "123456789": ("123456789", PLACEHOLDER),
    "None": ("NONE", PLACEHOLDER),
    "--": ("--", INVALID),
}
IDS: dict[str | None, Answer] = {
    None: (None, None),
    "a-1": ("a-1", None),
    "Guest": ("Guest", PLACEHOLDER),
    "null": ("null", PLACEHOLDER),
    "0": ("0", PLACEHOLDER),
    "10": ("10", None),
}
DIALLED: dict[str | None, str | None] = {
    None: None,
    "+49 (0)151/234-567": "+490151234567",
    "0049 151 234": "+49151234",
    "0151.234": "0151234",
    "0151 234 ext 5": "0151 234 ext 5",
}
PHONES: dict[tuple[str | None, str | None], Answer] = {
    (None, None): (None, None),
    ("015123456789", "+4915123456789"): ("+4915123456789", None),
    ("000000000", None): ("000000000", PLACEHOLDER),
    ("1111111111", "+491111111111"): ("+491111111111", PLACEHOLDER),
    ("+123456789", None): ("+123456789", PLACEHOLDER),
    ("n/a", None): ("n/a", PLACEHOLDER),
    ("4711", None): ("4711", INVALID),
}
INITIALS: dict[str | None, str | None] = {
    None: None, "": None, " ada": "A", "Élodie": "E", "Öz": "O", "Şule": "S", "Łucja": "L",
    "Мария": None, "秀华": None, "'t": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("normalise"))))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("read", "expected"),
    [(normalise.email, EMAILS), (normalise.loyalty_card, CARDS), (normalise.plain_id, IDS)],
    ids=["email", "loyalty_card", "plain_id"],
)
def test_reading_gives_one_spelling_and_the_reason_not_to_link(
    engine: Engine, read: Callable[..., Reading], expected: dict[str | None, Answer]
) -> None:
    rows = engine.session.createDataFrame([(raw,) for raw in expected], "raw string")
    reading = read(F.col("raw"))
    found = rows.select("raw", reading.value.alias("v"), reading.reason.alias("r")).collect()
    assert {row["raw"]: (row["v"], row["r"]) for row in found} == expected


def test_dialled_keeps_what_is_dialled(engine: Engine) -> None:
    rows = engine.session.createDataFrame([(raw,) for raw in DIALLED], "raw string")
    found = rows.select("raw", normalise.dialled(F.col("raw")).alias("v")).collect()
    assert {row["raw"]: row["v"] for row in found} == DIALLED


def test_phone_prefers_e164_and_knows_placeholders(engine: Engine) -> None:
    rows = engine.session.createDataFrame(list(PHONES), "n string, e string")
    reading = normalise.phone(F.col("n"), F.col("e"))
    found = rows.select("n", "e", reading.value.alias("v"), reading.reason.alias("r")).collect()
    assert {(row["n"], row["e"]): (row["v"], row["r"]) for row in found} == PHONES


def test_handle_is_compared_as_networks_do(engine: Engine) -> None:
    rows = engine.session.createDataFrame([(" @Ada.B ",), ("ada.b",)], "raw string")
    found = rows.select(normalise.handle(F.col("raw")).alias("v")).collect()
    assert [row["v"] for row in found] == ["ada.b", "ada.b"]
