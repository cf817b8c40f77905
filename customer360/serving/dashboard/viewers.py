"""Who looks, and whether they may see personal data.

A proxy in front of the dashboard signs people in and says who they are: in a header with their
roles, which is believed of the proxy's own address alone, or in a header with the identity
provider's token, whose signature is checked. Without either nobody may see personal data. How it is
masked is in `masking`.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import SettingsError
from customer360.plain_http import THIS_MACHINE

if TYPE_CHECKING:
    from customer360.settings import Settings

_log = logging.getLogger("customer360.dashboard")
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256")


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks at a page.

    Attributes:
        sees_personal_data: Names, addresses and contact points are shown as they are.
        why_masked: A sentence for the page; empty when nothing is masked.
    """

    sees_personal_data: bool
    why_masked: str = ""


class Viewers:
    """Decides what each request may see.

    Args:
        settings: The settings (`C360_DASHBOARD_*`).
        everybody: Whoever reaches the dashboard sees personal data: for one's own machine.

    Attributes:
        everybody: The same.
    """

    def __init__(self, settings: Settings, *, everybody: bool = False) -> None:
        self._roles = frozenset(_parts(settings.dashboard_roles))
        self._roles_header = settings.dashboard_roles_header.lower()
        self._token_header = settings.dashboard_token_header.lower()
        self._claim = settings.dashboard_token_claim
        self._audience = settings.dashboard_token_audience
        self._issuer = settings.dashboard_token_issuer
        self._proxies = [ipaddress.ip_network(p) for p in _parts(settings.dashboard_proxies)]
        self.everybody = everybody
        self._keys: Any = None
        if self._token_header:
            import jwt

            self._keys = jwt.PyJWKClient(settings.dashboard_token_keys, lifespan=3600, timeout=5)

    def viewer(self, client: str | None, headers: Mapping[str, str]) -> Viewer:
        """Who a request is from.

        Args:
            client: Address that the request came from.
            headers: The request's headers; names in lower case.
        """
        if self.everybody:
            return Viewer(sees_personal_data=True)
        if not self._roles_header and not self._token_header:
            return Viewer(
                sees_personal_data=False,
                why_masked="Personal data is masked: this dashboard knows of no roles.",
            )
        roles = self._roles_of(client, headers)
        if roles & self._roles:
            return Viewer(sees_personal_data=True)
        return Viewer(
            sees_personal_data=False,
            why_masked="Personal data is masked: your role does not see it.",
        )

    def _roles_of(self, client: str | None, headers: Mapping[str, str]) -> frozenset[str]:
        roles: set[str] = set()
        if self._roles_header and self._is_proxy(client):
            roles |= set(_parts(headers.get(self._roles_header, "")))
        if self._token_header and (token := headers.get(self._token_header)):
            roles |= self._claimed(token.removeprefix("Bearer ").strip())
        return frozenset(roles)

    def _is_proxy(self, client: str | None) -> bool:
        try:
            address = ipaddress.ip_address(client or "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _claimed(self, token: str) -> set[str]:
        """Roles of a token; none if it is not a valid one, for whatever reason."""
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token).key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "aud", "iss"]},
            )
        except (jwt.PyJWTError, ValueError) as problem:
            # Who cannot be told is shown what everybody is; the page says that it is masked. What
            # is no JSON at the address of the keys is a ValueError.
            _log.warning("A token is not believed: %s", type(problem).__name__)
            return set()
        value = claims.get(self._claim)
        if isinstance(value, str):
            return set(_parts(value))
        # An object or a number is not what anybody calls roles.
        return (
            {role for role in value if isinstance(role, str)} if isinstance(value, list) else set()
        )


def require_loopback(host: str) -> None:
    """Refuse to show everybody personal data on an address that others reach.

    Raises:
        SettingsError: It is not this machine's own address.
    """
    if host not in THIS_MACHINE:
        raise SettingsError(
            f"--show-personal-data with --host {host}: expected one of {', '.join(THIS_MACHINE)}, "
            "as everybody who reaches the dashboard would see names and addresses. For others let "
            "a proxy say who looks: docs/dashboard.md."
        )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
