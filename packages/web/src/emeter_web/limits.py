"""How often one may try: counted in Redis, and in this process's memory while Redis is away."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from redis import ConnectionPool, RedisError

from emeter_web.db import View
from emeter_web.proxies import client_address

# Of an IPv6 address, what a household or an office has to itself.
_NETWORK_BITS = 64
_MAX_EMAIL = 160


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so much time for all with the same key; `rate` as flask-limiter reads it.

    Limits of the same `scope` count together. What `forgive` clears is `forgivable`. Requests that are
    `exempt` are not counted.
    """

    rate: str
    scope: str
    key: Callable[[], str]
    forgivable: bool = False
    exempt: Callable[[], bool] | None = None


def address() -> str:
    """Who asks, by their address."""
    client = client_address()
    if isinstance(client, IPv6Address):
        return f"{int(client) >> (128 - _NETWORK_BITS):x}/{_NETWORK_BITS}"
    return str(client or "unknown")


def address_and_email() -> str:
    """Who asks, by their address and the e-mail they type: who guesses does not lock its owner out."""
    return f"{address()} {request.form.get('email', '').strip().lower()[:_MAX_EMAIL]}"


def address_and_user() -> str:
    """Who asks, by their address and the account in which they are signed in."""
    return f"{address()} {g.current_user.id}"


def mails_nobody() -> bool:
    """Whether the form of settings is not the one that sends a mail."""
    return request.form.get("action") != "update_email"


# An office of 150 people behind one address gets in within two minutes, though some of them mistype.
LOG_INS = (
    Limit("600 per 5 minutes", "log in", address),
    Limit("10 per 5 minutes", "guess", address_and_email, forgivable=True),
)
REGISTRATIONS = (Limit("600 per 5 minutes", "register", address),)
# Each may be a mail to somebody who did not ask for it.
MAILS = (
    Limit("60 per 5 minutes", "mail", address),
    Limit("5 per 5 minutes", "mail to", address_and_email),
)

# Who finds a browser open does not find out its password.
PROOFS = (Limit("30 per 5 minutes", "prove", address_and_user, forgivable=True),)
SETTINGS = (*PROOFS, *(replace(limit, exempt=mails_nobody) for limit in MAILS))


def register(app: Flask, connections: ConnectionPool) -> None:
    """Count in the Redis of these connections."""
    app.extensions["emeter_limiter"] = Limiter(
        address,
        app=app,
        storage_uri="redis://",  # where it is, the connections know
        storage_options={"connection_pool": connections},  # type: ignore[dict-item]  # limits takes it
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
        key_prefix="e-meter",
    )


def limited(app: Flask, view: View, limits: tuple[Limit, ...]) -> View:
    """Have the view answer 429 beyond any of these limits."""
    limiter = _limiter(app)
    for limit in limits:
        view = limiter.shared_limit(limit.rate, limit.scope, key_func=limit.key, exempt_when=limit.exempt)(
            view
        )
    return view


def forgive(limits: tuple[Limit, ...]) -> None:
    """Count anew what is forgivable: whoever got in was not guessing."""
    limiter = _limiter(current_app)
    scopes = {limit.scope for limit in limits if limit.forgivable}
    for counted in limiter.current_limits:
        if counted.request_args[-1] in scopes:
            try:
                limiter.limiter.clear(counted.limit, *counted.request_args)
            except RedisError:
                return  # It went away just now; in a few minutes the count is gone by itself.


def _limiter(app: Flask) -> Limiter:
    limiter: Limiter = app.extensions["emeter_limiter"]
    return limiter
