"""Two teams with all that a team can have, and people of every kind: for the matrix of permissions."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    Membership,
    Registration,
    Role,
    User,
    generate_user_session_token,
    hash_password,
    list_sessions,
    register_user,
    scope_of,
)
from emeter_core.alerts import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Event,
    draft_channel,
    save_channel,
)
from emeter_core.checks.result import Result
from emeter_core.incidents import Incident
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.monitors import Monitor, Probe, create_monitor, draft_monitor, pause_monitor
from emeter_core.scope import Scope
from emeter_core.trials import TrialKind, ask
from emeter_core.vault import Vault

ANONYMOUS, STRANGER = "anonymous", "stranger"
PEOPLE = (ANONYMOUS, STRANGER, *Role)
MAIL = "20261123T120000000000Z-dora@example.com.eml"
TOKEN = "x" * 43
CREDENTIAL = "T024/B099/as-in-the-url-of-a-chat"
_DAY = timedelta(days=1)
_US = timedelta(microseconds=1)
_HASHED = hash_password("a password of the tests", rounds=4)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Belongings:
    """What a team has. `mark` stands in every text of it; nobody else may ever read it."""

    team_id: uuid.UUID
    mark: str
    monitor: uuid.UUID
    paused: uuid.UUID
    heartbeat: uuid.UUID
    slot: int
    incident: uuid.UUID
    trials: dict[TrialKind, uuid.UUID]


@dataclass(frozen=True)
class World:
    """`ours` is the team in which people have roles, `theirs` the one of the stranger.

    `tokens` are sessions of people, `sessions` what their settings show of another one of each.
    """

    ours: Belongings
    theirs: Belongings
    tokens: dict[str, bytes]
    sessions: dict[str, uuid.UUID]


def build(session: Session, *, vault: Vault, now: datetime) -> World:
    """Make it, beside any other; everybody acts in `ours` where a URL names no team."""
    owner, stranger = _person(session, now=now), _person(session, now=now)
    ours, theirs = scope_of(session, owner), scope_of(session, stranger)
    people = {Role.OWNER.value: owner, STRANGER: stranger}
    for role in (Role.ADMIN, Role.EDITOR, Role.VIEWER):
        people[role] = member = _person(session, now=now)
        # Older than that of the team they own, which would else be where they act.
        at = now - 2 * _DAY
        session.add(Membership(team_id=ours.team.id, user_id=member.id, role=role, inserted_at=at))
    session.flush()
    return World(
        _furnish(session, ours, vault, now, token=TOKEN),
        _furnish(session, theirs, vault, now),
        {name: _log_in(session, user, now=now) for name, user in people.items()},
        {name: _other_session(session, user, now=now) for name, user in people.items()},
    )


def path_to(path: str, world: World, who: str, *, of: Belongings | None = None) -> str:
    """The address of a route with ids of what there is in `ours`, or in the team `of`."""
    having = of or world.ours
    others = [each for each in world.sessions if each not in (who, STRANGER)]
    session = world.sessions[who if of is None and who in world.sessions else others[0]]
    named: dict[str, Callable[[], object]] = {
        "/users/sessions/<uuid:public_id>": lambda: session,
        "/live/<uuid:public_id>": lambda: having.team_id,
        "/monitors/<uuid:public_id>/resume": lambda: having.paused,
        "/monitors/<uuid:public_id>/token": lambda: having.heartbeat,
        "/monitors/<uuid:public_id>": lambda: having.monitor,
        "/incidents/<uuid:public_id>": lambda: having.incident,
    }
    begin = next((begin for begin in named if path.startswith(begin)), "")
    if begin:
        path = path.replace("<uuid:public_id>", str(named[begin]()))
    path = path.replace("<int:slot>", str(having.slot)).replace("<kind>", "webhook")
    path = path.replace("<int:code>", "0")
    return path.replace("<token>", TOKEN).replace("<name>", MAIL)


def _person(session: Session, *, now: datetime) -> User:
    email = f"person{next(_numbers)}-{uuid.uuid4().hex[:8]}@example.com"
    return register_user(session, Registration(email, _HASHED), now=now - _DAY)


def _log_in(session: Session, user: User, *, now: datetime) -> bytes:
    return generate_user_session_token(session, user, device="curl/8", address="192.0.2.7", now=now)


def _other_session(session: Session, user: User, *, now: datetime) -> uuid.UUID:
    token = _log_in(session, user, now=now)
    return next(each.id for each in list_sessions(session, user, now=now, current=token) if each.is_current)


def _furnish(session: Session, scope: Scope, vault: Vault, now: datetime, *, token: str = "") -> Belongings:
    mark = f"mark{next(_numbers)}x{scope.team.id.hex}"
    scope.team.name = f"Team {mark}"
    draft = draft_monitor(target=f"http://{mark}.example.com/", name=f"Shop {mark}")
    monitor, paused = (create_monitor(session, scope, draft, vault=vault, now=now - _DAY / 4) for _ in "12")
    pause_monitor(session, scope, paused, now=now)
    beats = draft_monitor(kind="heartbeat", name=f"Job {mark}")
    heartbeat = create_monitor(session, scope, beats, vault=vault, now=now - _DAY / 4, token=token)
    probe_id = session.scalars(select(Probe.id).where(Probe.monitor_id == monitor.id)).one()
    slot = now - timedelta(minutes=1)
    session.add(
        Result(slot=slot, probe_id=probe_id, total_us=1, late_ms=0, reason=0, code=200, phases=bytes(16))
    )
    mail = draft_channel(ChannelKind.MAIL, f"{mark}@example.com")
    save_channel(session, scope, mail, vault=vault, now=now)
    webhook = draft_channel(ChannelKind.WEBHOOK, f"https://{mark}.example.com/{CREDENTIAL}")
    channel = save_channel(session, scope, webhook, vault=vault, now=now)
    payload = {"kind": "webhook", "target": mark, "secret": ""}
    settings = {"kind": "http", "target": f"http://{mark}.example.com/", "name": mark, "settings": {}}
    numbers = {"interval": 60, "timeout": None, "down_after": 3, "up_after": 2}
    trials = {
        TrialKind.CHANNEL: ask(session, scope, TrialKind.CHANNEL, payload, vault=vault, now=now).id,
        TrialKind.CHECK: ask(session, scope, TrialKind.CHECK, settings | numbers, vault=vault, now=now).id,
    }
    return Belongings(
        scope.team.id,
        mark,
        monitor.public_id,
        paused.public_id,
        heartbeat.public_id,
        (slot - datetime(1970, 1, 1, tzinfo=now.tzinfo)) // _US,
        _incident(session, scope, monitor, channel, now),
        trials,
    )


def _incident(session: Session, scope: Scope, monitor: Monitor, channel: Channel, now: datetime) -> uuid.UUID:
    """An open incident of the monitor, of which the channel was told."""
    of_team = {"team_id": scope.team.id}
    incident = Incident(
        **of_team, title=monitor.name, cause="dns", evidence={}, started_at=now, confirmed_at=now
    )
    session.add(incident)
    session.flush()
    session.add(IncidentMonitor(**of_team, incident_id=incident.id, monitor_id=monitor.id, started_at=now))
    session.add(
        Delivery(
            **of_team,
            incident_id=incident.id,
            channel_id=channel.id,
            event=Event.OPENED,
            channel=channel.kind,
            recipient=channel.target,
            state=DeliveryState.SENT,
            attempts=1,
            next_attempt_at=now,
            sent_at=now,
            inserted_at=now,
        )
    )
    session.flush()
    return incident.public_id
