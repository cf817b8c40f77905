"""docs/landing.md says what the declarations say."""

from __future__ import annotations

from customer360.landing.document import PATH, render


def test_landing_document_is_what_the_declarations_render() -> None:
    assert PATH.read_text() == render(), "run: python -m customer360.landing.document"
