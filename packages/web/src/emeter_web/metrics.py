"""What the web server tells at `/metrics`, and to whom."""

import socket
from collections.abc import Iterator

import redis
from flask import current_app, request
from sqlalchemy.exc import SQLAlchemyError

from emeter_core.metrics import Access, Address, Sample, access, families
from emeter_core.metrics.targets import Target, targets
from emeter_storage.engine import transaction
from emeter_web import db
from emeter_web.live.setup import hub_of
from emeter_web.request_counts import request_counts
from emeter_web.this_machine import is_from_this_machine


def may_read() -> Access:
    """Whether who asks sits at this machine or brings the token."""
    settings = db.settings()
    return access(
        is_here=is_from_this_machine(request, settings),
        authorization=request.headers.get("Authorization", ""),
        token=settings.metrics_token,
    )


def text() -> tuple[bytes, str]:
    """The metrics and their content type."""
    # Imported with the first scrape: 50 ms that most people never need.
    from emeter_core.metrics.exposition import Exposition  # noqa: PLC0415

    return Exposition("web", _samples).text(request.headers.get("Accept", ""))


def list_targets() -> list[Target]:
    """All processes that can be scraped, this one first."""
    settings = db.settings()
    here = Target(str(Address(settings.host, settings.port)), "web", socket.gethostname())
    return [here, *targets(db.session(), now=db.now())]


def _samples() -> Iterator[Sample]:
    yield from request_counts().samples()
    yield Sample(families.LIVE_PAGES, len(hub_of(current_app)))
    yield Sample(families.DATABASE_UP, _is_database_up())
    yield Sample(families.REDIS_UP, _is_redis_up())


def _is_database_up() -> bool:
    try:
        with transaction(db.parts().database.sessions) as session:
            session.connection()
    except SQLAlchemyError:
        return False
    return True


def _is_redis_up() -> bool:
    try:
        db.parts().redis.ping()
    except redis.RedisError:
        return False
    return True
