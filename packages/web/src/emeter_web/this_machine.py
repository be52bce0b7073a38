"""Whether somebody asks who sits at this machine, and nobody behind a proxy that stands on it."""

from urllib.parse import urlsplit

from flask import Request

from emeter_core.loopback import is_loopback
from emeter_core.settings import Settings
from emeter_web.hosts import name_of

# What proxies add. A proxy on this machine asks from loopback as well, whoever asks it.
_OF_PROXIES = frozenset(
    {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip"}
)
_OF_PROXIES_TOO = "x-forwarded-"


def is_from_this_machine(request: Request, settings: Settings) -> bool:
    """Whether HOST, BASE_URL, the peer and the host that was asked all are this machine, and no proxy shows.

    BASE_URL counts because a proxy need not show itself: where people come from elsewhere, it says so. The
    host that was asked counts because a page of another site may have its name lead here.
    """
    return (
        settings.is_on_loopback
        and is_loopback(urlsplit(settings.base_url).hostname)
        and is_loopback(request.remote_addr)
        and is_loopback(name_of(request))
        and not any(map(_is_of_a_proxy, request.headers.keys()))
    )


def _is_of_a_proxy(name: str) -> bool:
    return name.lower() in _OF_PROXIES or name.lower().startswith(_OF_PROXIES_TOO)
