"""How often one may try: counted in Redis, and in this process's memory while Redis is away."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from redis import ConnectionPool, RedisError

from emeter_core.accounts import Busy
from emeter_web import db
from emeter_web import limit_keys as by
from emeter_web.db import View
from emeter_web.limiter import make_limiter

_FORGIVEN = "forgiven_limits"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so much time for all with the same key; `rate` as flask-limiter reads it.

    Limits of the same `scope` count together. What `forgive` takes back is `forgivable`. Requests that are
    `exempt` are not counted. One that is `asked_first` is also asked, without being counted, before any other
    one counts: whoever is beyond it leaves no trace, however many e-mails they make up.
    """

    rate: str
    scope: str
    key: Callable[[], str]
    forgivable: bool = False
    exempt: Callable[[], bool] | None = None
    asked_first: bool = False


# In each table a limit counts what those before it let through: who is stopped at one account uses up
# nobody's tries at others. flask-limiter keeps the order as long as all are in minutes.

# Who is stopped by these is told how to get in all the same.
LOCKS = frozenset({"device", "devices", "guess", "account"})
LOG_INS = (
    # A known device has a count of its own, and shares none with those that are not known: who guesses does
    # not lock the owner out. What succeeds counts, or an own account would give hashes without end...
    Limit("10 per 5 minutes", "device", by.device, exempt=by.is_unknown_device),
    # ... as it would by many devices: each log-in without a cookie makes one more, good for half a year.
    Limit("30 per 5 minutes", "devices", by.account, exempt=by.is_unknown_device),
    Limit("600 per 5 minutes", "known log in", by.address, exempt=by.is_unknown_device, asked_first=True),
    # One address alone does not keep new devices of the owner away...
    Limit("10 per 15 minutes", "guess", by.address_and_account, forgivable=True, exempt=by.is_known_device),
    # ... and of however many, at most so many cost a hash.
    Limit("20 per 15 minutes", "account", by.account, forgivable=True, exempt=by.is_known_device),
    # An office of 150 people behind one address gets in within two minutes, though some of them mistype.
    Limit("600 per 5 minutes", "log in", by.address, exempt=by.is_known_device, asked_first=True),
    # Five a second: two cores have hashes left for those whose device is known.
    Limit("1500 per 5 minutes", "log ins", by.everybody, exempt=by.is_known_device, asked_first=True),
)

# Each may be a mail to somebody who did not ask for it.
_BY_ADDRESS = Limit("60 per 5 minutes", "mail", by.address, asked_first=True)
# To a mailbox that is nobody's yet. How many an account gets is for core to say: whoever asked in vain here
# would keep its owner from the one way that is left.
_TO_MAILBOX = Limit("5 per 60 minutes", "mails to", by.mailbox, forgivable=True)
CONFIRMATIONS = (Limit("5 per 5 minutes", "confirmation to", by.address_and_account), _BY_ADDRESS)
# In scopes of their own: nothing else that is asked for keeps an owner from the way round a lock.
RESETS = (
    Limit("5 per 5 minutes", "reset to", by.address_and_account),
    Limit("60 per 5 minutes", "reset", by.address, asked_first=True),
)
REGISTRATIONS = (
    Limit("600 per 5 minutes", "register", by.address, asked_first=True),
    Limit("1500 per 5 minutes", "registrations", by.everybody, asked_first=True),
    # Who registers in the name of others, deletes that and registers again.
    _TO_MAILBOX,
)
# Somebody else may read that address: a team can enter any.
TESTS = tuple(
    replace(limit, exempt=by.tests_no_mail)
    for limit in (
        Limit("10 per 5 minutes", "test", by.team),
        _BY_ADDRESS,
        Limit("30 per 60 minutes", "tests", by.team),
    )
)

# A job that pings more often has gone wild; the answer tells it so.
PINGS = (Limit("60 per 1 minutes", "ping", by.token),)

# Who finds a browser open does not find out its password, from however many addresses...
PROOFS = (
    Limit("20 per 15 minutes", "prove", by.user, forgivable=True),
    # ... and who knows it, of an own account, has no hashes without end.
    Limit("60 per 60 minutes", "proofs", by.user),
    Limit("1500 per 5 minutes", "all proofs", by.everybody),
)
# Who is stopped by these is told what it is about.
PROVING = frozenset({"prove", "proofs"})
CHANGES_OF_EMAIL = tuple(
    replace(limit, exempt=by.mails_nobody)
    for limit in (Limit("5 per 5 minutes", "change to", by.address_and_account), _BY_ADDRESS, _TO_MAILBOX)
)
SETTINGS = (*PROOFS, *CHANGES_OF_EMAIL)


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
    for limit in (each for each in limits if each.asked_first):
        counted = _limit(limiter, limit, _nothing)(counted)
    for limit in limits:
        counted = _limit(limiter, limit, 1)(counted)

    @wraps(view)
    def within_limits(**arguments: object) -> ResponseReturnValue:
        # They ask the database, and remember. flask-limiter would take its silence for one of Redis.
        for limit in limits:
            if limit.exempt:
                limit.exempt()
        # It was also asked who is signed in, and Redis may be slow.
        db.pause_transaction()
        try:
            answer = counted(**arguments)
        except Busy:
            _take_back({limit.scope for limit in limits})  # It cost no hash, and mailed nothing.
            raise
        _take_back(g.get(_FORGIVEN, set()))
        return answer

    return within_limits


def forgive(limits: tuple[Limit, ...]) -> None:
    """Take this request back from what is forgivable, once it is answered: whoever got in was not guessing.

    The tries before it stay counted, for they may be somebody else's.
    """
    g.setdefault(_FORGIVEN, set()).update(limit.scope for limit in limits if limit.forgivable)


def _limit(limiter: Limiter, limit: Limit, cost: int | Callable[[], int]) -> Callable[[View], View]:
    return limiter.shared_limit(
        limit.rate, limit.scope, key_func=limit.key, exempt_when=limit.exempt, cost=cost
    )


def _nothing() -> int:
    """What a question costs: flask-limiter takes a plain 0 for 1."""
    return 0


def _take_back(scopes: set[str]) -> None:
    """Have the counts of these scopes be without this request; outside transactions: Redis may be slow."""
    limiter = _limiter(current_app)
    # One that was asked first is there twice, and was counted once.
    counts = {tuple(counted.request_args): counted.limit for counted in limiter.current_limits}
    for arguments, limit in counts.items():
        if arguments[-1] in scopes:
            try:
                limiter.limiter.hit(limit, *arguments, cost=-1)
            except RedisError:
                return  # It went away just now; in a few minutes the count is gone by itself.


def _is_about_storage(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("ratelimit ")


def _limiter(app: Flask) -> Limiter:
    limiter: Limiter = app.extensions["emeter_limiter"]
    return limiter
