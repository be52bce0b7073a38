"""The heartbeat of a monitor through its life: made with it, moved by an edit or a resume, its token changed.

Whoever calls holds the probe and the monitor.
"""

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from emeter_core.errors import Invalid
from emeter_core.monitors.heartbeat.beats import NEVER, Beats, next_due, pack_runs, unpack
from emeter_core.monitors.heartbeat.heartbeat import Heartbeat
from emeter_core.monitors.heartbeat.tokens import clean_token, digest_of, new_token, seal_token
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings
from emeter_core.vault import Vault

_MOVE = text("UPDATE probes SET next_slot = :next_slot WHERE monitor_id = :monitor_id")


def add_heartbeat(session: Session, monitor_id: int, *, vault: Vault, token: str = "") -> None:
    """Give a new monitor its heartbeat, with a token of its own or the one it is known by elsewhere.

    Raises Invalid where that is none, or belongs to another monitor.
    """
    chosen = _given(token) if token else new_token()
    values = {
        "monitor_id": monitor_id,
        "token_digest": digest_of(chosen),
        "token": seal_token(chosen, vault),
    }
    made = insert(Heartbeat).values(values).on_conflict_do_nothing().returning(Heartbeat.monitor_id)
    if session.execute(made).one_or_none() is None:
        raise Invalid({"token": ["has already been taken"]})


def change_token(session: Session, monitor_id: int, *, vault: Vault) -> None:
    """Give a heartbeat another token; the one before is dead with the commit."""
    token = new_token()
    session.execute(
        update(Heartbeat)
        .where(Heartbeat.monitor_id == monitor_id)
        .values(token_digest=digest_of(token), token=seal_token(token, vault))
    )


def move_heartbeat(session: Session, monitor_id: int, settings: HeartbeatSettings, *, now: datetime) -> None:
    """Expect what `settings` say from now on; what is already overdue by them is expected anew from `now`."""
    stored = session.execute(
        select(Heartbeat.anchor, Heartbeat.runs).where(Heartbeat.monitor_id == monitor_id)
    ).one()
    beats = unpack(stored.anchor, stored.runs)
    due = next_due(settings, beats)
    if due is not None and due.at <= now:
        told = {rid: run._replace(told=True) for rid, run in beats.runs.items()}
        beats = Beats(beats.anchor and now, told)
        due = next_due(settings, beats)
    session.execute(
        update(Heartbeat)
        .where(Heartbeat.monitor_id == monitor_id)
        .values(anchor=beats.anchor, runs=pack_runs(beats))
    )
    session.execute(_MOVE, {"monitor_id": monitor_id, "next_slot": due.at if due else NEVER})


def _given(token: str) -> str:
    try:
        return clean_token(token)
    except ValueError as error:
        raise Invalid({"token": [str(error)]}) from None
