"""How often one may try: counted in Redis, and in this process's memory while Redis is away."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from redis import ConnectionPool, RedisError

from emeter_web import limit_keys as by
from emeter_web.db import View
from emeter_web.limiter import make_limiter


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so much time for all with the same key; `rate` as flask-limiter reads it.

    Limits of the same `scope` count together. What `forgive` takes back is `forgivable`. Requests that are
    `exempt` are not counted.
    """

    rate: str
    scope: str
    key: Callable[[], str]
    forgivable: bool = False
    exempt: Callable[[], bool] | None = None


# In each table a limit counts what those before it let through: who is stopped at one account uses up
# nobody's tries at others. flask-limiter keeps the order as long as all are in minutes.

# Who is stopped by these is told how to get in all the same.
LOCKS = frozenset({"device", "guess", "account"})
LOG_INS = (
    # A known device has a count of its own, and is in no other: who guesses does not lock the owner out.
    # What succeeds counts, or an own account would give hashes without end.
    Limit("10 per 5 minutes", "device", by.device, exempt=by.is_unknown_device),
    # One address alone does not keep new devices of the owner away...
    Limit("10 per 15 minutes", "guess", by.address_and_account, forgivable=True, exempt=by.is_known_device),
    # ... and of however many, at most so many cost a hash.
    Limit("20 per 15 minutes", "account", by.account, forgivable=True, exempt=by.is_known_device),
    # An office of 150 people behind one address gets in within two minutes, though some of them mistype.
    Limit("600 per 5 minutes", "log in", by.address, exempt=by.is_known_device),
    # Five a second: two cores have hashes left for those whose device is known.
    Limit("1500 per 5 minutes", "log ins", by.everybody, exempt=by.is_known_device),
)
REGISTRATIONS = (
    Limit("600 per 5 minutes", "register", by.address),
    Limit("1500 per 5 minutes", "registrations", by.everybody),
)
# Each may be a mail to somebody who did not ask for it. Where the third stops, links are on their way.
MAILS = (
    Limit("5 per 5 minutes", "mail to", by.address_and_account),
    Limit("60 per 5 minutes", "mail", by.address),
    Limit("20 per 60 minutes", "mails to", by.account),
)

# Somebody else may read that address: a team can enter any.
TESTS = tuple(
    replace(limit, exempt=by.tests_no_mail)
    for limit in (
        Limit("10 per 5 minutes", "test", by.team),
        Limit("60 per 5 minutes", "mail", by.address),
        Limit("30 per 60 minutes", "tests", by.team),
    )
)

# A job that pings more often has gone wild; the answer tells it so.
PINGS = (Limit("60 per minute", "ping", by.token),)

# Who finds a browser open does not find out its password.
PROOFS = (Limit("30 per 5 minutes", "prove", by.address_and_user, forgivable=True),)
SETTINGS = (*PROOFS, *(replace(limit, exempt=by.mails_nobody) for limit in MAILS))


def register(app: Flask, connections: ConnectionPool) -> None:
    """Count in the Redis of these connections."""
    # A line for each request that is refused would fill the log; tally.py tells of them.
    logging.getLogger("flask-limiter").addFilter(_is_about_storage)
    app.extensions["emeter_limiter"] = make_limiter(app, by.address, connections)


def limited(app: Flask, view: View, limits: tuple[Limit, ...]) -> View:
    """Have the view answer 429 beyond any of these limits."""
    if not limits:
        return view
    limiter, counted = _limiter(app), view
    for limit in limits:
        counted = limiter.shared_limit(limit.rate, limit.scope, key_func=limit.key, exempt_when=limit.exempt)(
            counted
        )

    @wraps(view)
    def with_answers(**arguments: object) -> ResponseReturnValue:
        # They ask the database, and remember. flask-limiter would take its silence for one of Redis.
        for limit in limits:
            if limit.exempt:
                limit.exempt()
        return counted(**arguments)

    return with_answers


def forgive(limits: tuple[Limit, ...]) -> None:
    """Take this request back from what is forgivable: whoever got in was not guessing.

    The tries before it stay counted, for they may be somebody else's.
    """
    limiter = _limiter(current_app)
    scopes = {limit.scope for limit in limits if limit.forgivable}
    for counted in limiter.current_limits:
        if counted.request_args[-1] in scopes:
            try:
                limiter.limiter.hit(counted.limit, *counted.request_args, cost=-1)
            except RedisError:
                return  # It went away just now; in a few minutes the count is gone by itself.


def _is_about_storage(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("ratelimit ")


def _limiter(app: Flask) -> Limiter:
    limiter: Limiter = app.extensions["emeter_limiter"]
    return limiter
