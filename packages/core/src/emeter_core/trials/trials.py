"""Asked by a page, taken and answered by the checker, looked up by the page again."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from emeter_core.accounts.locks import hold_user
from emeter_core.accounts.team import Team
from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.errors import Invalid, NotFound
from emeter_core.ids import read_uuid
from emeter_core.scope import Scope
from emeter_core.trials.trial import Trial, TrialKind
from emeter_core.vault import Vault
from emeter_storage.statements import affected_rows

LIFETIME = timedelta(minutes=10)
MAX_UNANSWERED = 20
_PURPOSE = "trial"

# Whoever locks a row first takes it; a trial that was taken is not given to anybody else.
_TAKE = text("""
UPDATE trials SET taken_at = :now WHERE id IN (
  SELECT id FROM trials
  WHERE answered_at IS NULL AND taken_at IS NULL AND kind = :kind AND expires_at > :now
  ORDER BY inserted_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
RETURNING *
""")


def ask(
    session: Session,
    scope: Scope,
    kind: TrialKind | str,
    payload: Mapping[str, Any],
    *,
    vault: Vault,
    now: datetime,
) -> Trial:
    """Ask the checker to try `payload`, which must be JSON; raises Invalid where the team has too many open.

    The answer is worth ten minutes, then the trial is gone. Raises NotFound where the user's account was
    deleted at this instant.
    """
    hold_user(session, scope.user)
    # The row of the team is the turnstile: two requests at once would both count nineteen.
    session.execute(select(Team.id).where(Team.id == scope.team.id).with_for_update(key_share=True))
    waiting = select(func.count()).where(
        Trial.team_id == scope.team.id, Trial.answered_at.is_(None), Trial.expires_at > now
    )
    if (session.scalar(waiting) or 0) >= MAX_UNANSWERED:
        raise Invalid({"trial": ["has to wait: too many others of this team have no answer yet"]})
    trial = Trial(
        team_id=scope.team.id,
        user_id=scope.user.id,
        kind=TrialKind(kind).value,
        payload=vault.seal(_PURPOSE, json.dumps(payload).encode()),
        expires_at=now + LIFETIME,
        inserted_at=now,
    )
    session.add(trial)
    session.flush()
    return trial


def get_trial(session: Session, scope: Scope, trial_id: uuid.UUID | str, *, now: datetime) -> Trial:
    """A trial of the scope's team as it is now; raises NotFound, also for one that expired."""
    wanted = select(Trial).where(
        Trial.id == read_uuid(trial_id), Trial.team_id == scope.team.id, Trial.expires_at > now
    )
    found = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(f"There is no trial with the id {trial_id}.")
    return found


def payload_of(trial: Trial, vault: Vault) -> dict[str, Any]:
    """What is to be tried, decrypted; raises UserError where the key is another."""
    payload: dict[str, Any] = json.loads(vault.open(_PURPOSE, trial.payload))
    return payload


def take_trials(session: Session, kind: TrialKind | str, *, now: datetime, limit: int) -> Sequence[Trial]:
    """Take waiting trials of a kind, oldest first: nobody else gets them."""
    taken = select(Trial).from_statement(_TAKE)
    found = session.scalars(taken, {"kind": TrialKind(kind).value, "now": now, "limit": limit}).all()
    return sorted(found, key=lambda trial: trial.inserted_at)


def answer(session: Session, trial_id: uuid.UUID, answer: Mapping[str, Any], *, now: datetime) -> bool:
    """Write what came of a trial, JSON; False where it is gone or has an answer already."""
    answered = session.execute(
        update(Trial)
        .where(Trial.id == trial_id, Trial.answered_at.is_(None))
        .values(answer=dict(answer), answered_at=now)
        .execution_options(synchronize_session=False)
    )
    return affected_rows(answered) == 1


def realign(session: Session, *, now: datetime) -> int:
    """After a clock that was ahead: what was asked at a time to come was asked now; returns how many.

    Else it would be kept, and count as one without an answer, until that time is over.
    """
    ahead = select(Trial.id).where(Trial.expires_at > now + LIFETIME + FARTHEST_AHEAD)
    brought_back = (
        update(Trial)
        .where(Trial.id.in_(ahead.with_for_update(skip_locked=True)))
        .values(expires_at=now + LIFETIME, inserted_at=now)
        .execution_options(synchronize_session=False)
    )
    return affected_rows(session.execute(brought_back))


def purge(session: Session, *, now: datetime) -> int:
    """Delete the trials that expired: their payloads hold what people typed. Returns how many."""
    return affected_rows(session.execute(delete(Trial).where(Trial.expires_at <= now)))
