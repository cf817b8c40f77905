"""What speaks against two records being one person, however much they have in common.

A model adds up fields as if each were evidence of its own. In a household they are not: a couple
share home, family name, telephone, card and often a mailbox, and all of it together outweighs one
given name. These rules say which disagreement is not outvoted. They are on levels of
`comparisons`, and were chosen on the simulated world; what they cost and gain is measured by
`customer360 verify`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from customer360.identity.comparisons import level_number


class Conflict(NamedTuple):
    """A rule: its name and the SQL condition on level columns."""

    name: str
    condition: str


def _at(comparison: str, *names: str) -> str:
    numbers = sorted(level_number(comparison, name) for name in names)
    return f"{comparison}_level in ({', '.join(map(str, numbers))})"


_OTHER_GIVEN_NAME: Final = _at("first_name", "different")
_BORN_ALIKE: Final = _at("date_of_birth", "same", "day and month swapped")
_SAME_BIRTH: Final = _at("date_of_birth", "same")
_SAME_EMAIL: Final = _at("email", "same")
_SAME_PHONE: Final = _at("phone", "same")
_SAME_CARD: Final = _at("loyalty_card", "same")
_SHARES_WITH_FAMILY: Final = (
    f"({_at('last_name', 'same')} or {_SAME_PHONE} or {_SAME_CARD}"
    f" or {_at('email', 'same', 'slip behind the @')})"
)

CONFLICTS: Final = (
    # Spouses, parents and children.
    Conflict("given_names", f"{_OTHER_GIVEN_NAME} and not {_BORN_ALIKE} and {_SHARES_WITH_FAMILY}"),
    # Brother and sister, as Kornel and Kornelia.
    Conflict(
        "like_given_names",
        f"{_at('first_name', 'short form', 'similar')} and not {_BORN_ALIKE}"
        f" and ({_at('email', 'different')} or {_at('phone', 'different')})"
        f" and not {_SAME_EMAIL} and not {_SAME_PHONE} and not {_SAME_CARD}",
    ),
    # Two of one name in one home, or twins, each with a mailbox and a telephone of their own.
    Conflict(
        "contacts",
        f"{_at('email', 'different')} and {_at('phone', 'different')}"
        f" and (not {_SAME_BIRTH} or {_OTHER_GIVEN_NAME}) and not {_SAME_CARD}",
    ),
    Conflict(
        "cards",
        f"{_at('loyalty_card', 'different')}"
        f" and not {_SAME_BIRTH} and not {_SAME_EMAIL} and not {_SAME_PHONE}",
    ),
    # Father and son.
    Conflict(
        "birth_dates",
        f"{_at('date_of_birth', 'different')} and first_name_level >= 0"
        f" and not {_SAME_EMAIL} and not {_SAME_PHONE} and email_level + phone_level > -2",
    ),
)

# A contact point in common makes one person of two records, unless their given names differ.
EXACT: Final = tuple(
    (name, f"{_at(name, 'same')} and not {_OTHER_GIVEN_NAME}")
    for name in ("email", "phone", "loyalty_card")
)
