"""docs/landing.md says what the declarations say."""

from __future__ import annotations

from customer360.landing.document import PATH, render
from customer360.landing.formats.decoded import DECODE_ERRORS
from customer360.settings import PROJECT_ROOT
from customer360.sources.spec import Kind
from customer360.transforms.lists import NOT_A_LIST
from customer360.transforms.values import RULES
from customer360.transforms.versions import CONFLICTING


def test_landing_document_is_what_the_declarations_render() -> None:
    assert PATH.read_text() == render(), "run: python -m customer360.landing.document"


def test_every_quarantine_rule_is_explained() -> None:
    text = (PROJECT_ROOT / "docs" / "quarantine.md").read_text()
    required = {RULES[k] for k in (Kind.TIMESTAMP, Kind.MONEY, Kind.INTEGER, Kind.STRING)}
    others = {"missing", "after_landing_day", "currency_not_supported", "repeated", NOT_A_LIST}
    for rule in {*DECODE_ERRORS, *required, *others, CONFLICTING}:
        assert f"`{rule}`" in text, rule
