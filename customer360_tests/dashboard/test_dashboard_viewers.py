"""Who is looking: headers of a proxy, tokens of an identity provider, and what is believed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from customer360.errors import SettingsError
from customer360.serving.dashboard.viewers import Viewer, Viewers, require_loopback
from customer360.settings import Settings

SEES: Final = Viewer(sees_personal_data=True)
OTHER_ROLE: Final = Viewer(
    sees_personal_data=False, why_masked="Personal data is masked: your role does not see it."
)
NO_ROLES: Final = Viewer(
    sees_personal_data=False,
    why_masked="Personal data is masked: this dashboard knows of no roles.",
)
ISSUER, AUDIENCE, KEY_ID = "https://login.example", "customer360", "first"


def _behind_proxy(**settings: Any) -> Viewers:
    known = {"dashboard_roles": "manager, service", "dashboard_roles_header": "X-Roles"}
    return Viewers(Settings(**(known | {"dashboard_proxies": "10.1.0.0/24,::1"} | settings)))


@pytest.mark.parametrize(
    ("client", "roles", "expected"),
    [
        ("10.1.0.7", "manager", SEES),
        ("10.1.0.7", "guest,  service ", SEES),
        ("::1", "manager", SEES),
        ("10.1.0.7", "guest", OTHER_ROLE),
        ("10.1.0.7", "", OTHER_ROLE),
        ("10.1.0.7", "Manager", OTHER_ROLE),
        ("10.1.0.7", "managers", OTHER_ROLE),
        ("10.1.0.7", "manager service", OTHER_ROLE),
        ("10.1.1.7", "manager", OTHER_ROLE),
        ("127.0.0.1", "manager", OTHER_ROLE),
        ("unix", "manager", OTHER_ROLE),
        (None, "manager", OTHER_ROLE),
    ],
)
def test_viewer_is_believed_what_the_proxy_says_and_nobody_else(
    client: str | None, roles: str, expected: Viewer
) -> None:
    assert _behind_proxy().viewer(client, {"x-roles": roles}) == expected


def test_viewer_is_masked_when_no_header_came() -> None:
    assert _behind_proxy().viewer("10.1.0.7", {"x-other": "manager"}) == OTHER_ROLE


def test_viewer_is_masked_when_no_role_is_named_that_may_see() -> None:
    viewers = _behind_proxy(dashboard_roles="")
    assert viewers.viewer("10.1.0.7", {"x-roles": ""}) == OTHER_ROLE
    assert viewers.viewer("10.1.0.7", {"x-roles": "manager"}) == OTHER_ROLE


def test_viewer_is_masked_when_the_dashboard_knows_of_no_header() -> None:
    assert Viewers(Settings()).viewer("127.0.0.1", {"x-roles": "manager"}) == NO_ROLES


def test_viewer_sees_personal_data_when_everybody_does() -> None:
    assert Viewers(Settings(), everybody=True).viewer(None, {}) == SEES


class _Keys(ThreadingHTTPServer):
    """An identity provider's address of keys; says whatever `answer` is."""

    answer = b""
    status = 200

    def handle_error(self, *_arguments: Any) -> None:
        """A client that went away is none of our concern."""


class _KeysHandler(BaseHTTPRequestHandler):
    server: _Keys

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing to the test's output."""


@pytest.fixture(scope="module")
def keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """The identity provider's key and somebody else's."""
    ours, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in "ab")
    return ours, other


@pytest.fixture
def provider(keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]) -> Iterator[_Keys]:
    """The identity provider's address of keys, on this machine."""
    server = _Keys(("127.0.0.1", 0), _KeysHandler)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(keys[0].public_key()))
    server.answer = json.dumps({"keys": [public | {"kid": KEY_ID, "use": "sig"}]}).encode()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _viewers(provider: _Keys, **settings: Any) -> Viewers:
    known = {
        "dashboard_roles": "manager",
        "dashboard_token_header": "authorization",
        "dashboard_token_keys": f"http://127.0.0.1:{provider.server_address[1]}/keys",
        "dashboard_token_issuer": ISSUER,
        "dashboard_token_audience": AUDIENCE,
    }
    return Viewers(Settings(**(known | settings)))


def _claims(**claims: Any) -> dict[str, Any]:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    made = {"iss": ISSUER, "aud": AUDIENCE, "exp": soon, "roles": ["manager"], **claims}
    return {name: value for name, value in made.items() if value is not None}


Sign = Callable[..., str]


@pytest.fixture
def sign(keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]) -> Sign:
    """Makes a token with some claims, by the provider's key unless told otherwise."""

    def signed(claims: Mapping[str, Any], *, other_key: bool = False, kid: str = KEY_ID) -> str:
        return jwt.encode(dict(claims), keys[other_key], algorithm="RS256", headers={"kid": kid})

    return signed


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, SEES),
        ({"roles": "guest, manager"}, SEES),
        ({"aud": ["other", AUDIENCE]}, SEES),
        ({"roles": ["guest"]}, OTHER_ROLE),
        ({"roles": []}, OTHER_ROLE),
        ({"roles": None}, OTHER_ROLE),
        ({"roles": 7}, OTHER_ROLE),
        ({"roles": {"manager": True}}, OTHER_ROLE),
        ({"roles": [["manager"]]}, OTHER_ROLE),
        ({"exp": datetime(2020, 1, 1, tzinfo=UTC)}, OTHER_ROLE),
        ({"exp": None}, OTHER_ROLE),
        ({"aud": "shop"}, OTHER_ROLE),
        ({"aud": None}, OTHER_ROLE),
        ({"iss": "https://login.example/other"}, OTHER_ROLE),
        ({"iss": None}, OTHER_ROLE),
        ({"nbf": datetime(2100, 1, 1, tzinfo=UTC)}, OTHER_ROLE),
    ],
)
def test_viewer_of_a_token_sees_by_its_claims(
    provider: _Keys, sign: Sign, claims: dict[str, Any], expected: Viewer
) -> None:
    token = sign(_claims(**claims))
    assert _viewers(provider).viewer("192.0.2.1", {"authorization": f"Bearer {token}"}) == expected
    assert _viewers(provider).viewer("192.0.2.1", {"authorization": token}) == expected


def test_viewer_of_a_token_sees_by_the_claim_that_is_set(provider: _Keys, sign: Sign) -> None:
    viewers = _viewers(provider, dashboard_token_claim="groups")  # noqa: S106 -- the name of a claim
    by_roles, by_groups = sign(_claims()), sign(_claims(groups=["manager"]))
    assert viewers.viewer(None, {"authorization": by_roles}) == OTHER_ROLE
    assert viewers.viewer(None, {"authorization": by_groups}) == SEES


def test_viewer_of_a_token_is_masked_when_another_key_signed_it(
    provider: _Keys, sign: Sign
) -> None:
    viewers = _viewers(provider)
    claimed_to_be_ours = sign(_claims(), other_key=True)
    of_an_unknown_key = sign(_claims(), other_key=True, kid="second")
    assert viewers.viewer(None, {"authorization": claimed_to_be_ours}) == OTHER_ROLE
    assert viewers.viewer(None, {"authorization": of_an_unknown_key}) == OTHER_ROLE


def test_viewer_of_a_token_is_masked_when_it_is_not_signed_with_a_private_key(
    provider: _Keys,
) -> None:
    unsigned = jwt.encode(_claims(), None, algorithm="none", headers={"kid": KEY_ID})
    # The public key is public: who knows it can sign with it, if a shared secret is accepted.
    public = jwt.utils.base64url_encode(b'{"typ":"JWT","alg":"HS256","kid":"first"}').decode()
    body = jwt.encode(_claims(), "x" * 32, algorithm="HS256").split(".")[1:]
    for token in (unsigned, ".".join((public, *body))):
        assert _viewers(provider).viewer(None, {"authorization": token}) == OTHER_ROLE


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "eyJ.eyJ.", "ä", "x" * 10_000]
)
def test_viewer_is_masked_when_the_header_holds_no_token(provider: _Keys, token: str) -> None:
    assert _viewers(provider).viewer(None, {"authorization": token}) == OTHER_ROLE


@pytest.mark.parametrize(
    ("status", "answer"), [(200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}'), (500, b"")]
)
def test_viewer_is_masked_when_the_key_server_answers_nonsense(
    provider: _Keys, sign: Sign, status: int, answer: bytes
) -> None:
    provider.status, provider.answer = status, answer
    token = sign(_claims())
    assert _viewers(provider).viewer(None, {"authorization": token}) == OTHER_ROLE


def test_viewer_is_masked_when_the_key_server_is_down(provider: _Keys, sign: Sign) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/keys"
    viewers = _viewers(provider, dashboard_token_keys=address)
    assert viewers.viewer(None, {"authorization": sign(_claims())}) == OTHER_ROLE


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_require_loopback_accepts_this_machines_own_addresses(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.1.0.7", "shop.example"])  # noqa: S104
def test_require_loopback_refuses_addresses_that_others_reach(host: str) -> None:
    with pytest.raises(SettingsError, match=r"expected one of 127\.0\.0\.1, ::1, localhost"):
        require_loopback(host)
