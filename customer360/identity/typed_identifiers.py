"""What somebody types to find a customer, in the spellings under which it may be stored."""

from __future__ import annotations

from customer360.identity import rules
from customer360.identity.normalise import e164_numbers


def spellings(text: str, default_country: str) -> tuple[str, ...]:
    """The spellings under which an identifier may be stored, as typed first.

    The one place that repeats, for one value, what `identity.normalise` does for columns.

    Args:
        text: An id, e-mail address, phone or card number.
        default_country: Country that a national phone number is read in.
    """
    typed = text.strip()
    found = [typed, typed.lower(), typed.upper(), typed.lstrip("@").lower()]
    if "@" in typed.strip("@"):
        local, _, domain = typed.lower().rpartition("@")
        domain = rules.EMAIL_DOMAIN_ALIASES.get(domain, domain)
        local = local.partition("+")[0]
        if domain in rules.EMAIL_DOMAINS_IGNORING_DOTS:
            local = local.replace(".", "")
        found.append(f"{local}@{domain}")
    else:
        found.append("".join(c for c in typed.upper() if c.isascii() and c.isalnum()))
        dialled = "".join(c for c in typed if c in "+0123456789")
        found.append("+" + dialled[2:] if dialled.startswith("00") else dialled)
        found += [n for n in e164_numbers([(typed, None)], default_country) if n]
    return tuple(dict.fromkeys(s for s in found if s))
