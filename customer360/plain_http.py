"""Where plain http may go: to this machine, or to a container beside this one.

Whoever has a token to send sends none over plain http, wherever it goes.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

THIS_MACHINE: Final = ("127.0.0.1", "::1", "localhost")
# Names of services in a container network have no dot. A name begins with a letter: 134744072 and
# 0x08080808 are addresses of real hosts.
_SERVICE: Final = re.compile(r"[a-z][a-z0-9_-]*")


def is_plain(url: str) -> bool:
    """Whether what is sent to an address can be read on the way."""
    return urlsplit(url).scheme == "http"


def is_on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine."""
    return urlsplit(url).hostname in THIS_MACHINE


def is_near(url: str) -> bool:
    """Whether an address is one of this machine, or of a service in its container network."""
    host = urlsplit(url).hostname or ""
    return is_on_this_machine(url) or _SERVICE.fullmatch(host) is not None
