"""Checks that somebody tries from a page: run by the engine at once, answered as soon as they end."""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any

from emeter_checker.engine import Finished, Scheduled
from emeter_core import trials
from emeter_core.checks.spec import CheckSpec
from emeter_core.incidents import cause_in_words
from emeter_core.logs import get_logger
from emeter_core.monitors import draft_monitor
from emeter_core.outcome import Outcome, Reason
from emeter_core.trials import Trial, TrialKind
from emeter_core.vault import Vault
from emeter_storage.away import AWAY, first_line
from emeter_storage.engine import DatabaseClock, SessionFactory
from emeter_storage.errors import UserError

_log = get_logger(__name__)

LOOK_EVERY_S = 5.0
"""Between two looks that nobody asked for: all there is while Redis is away."""

_MOST_AT_ONCE = 200
_AWAY_S = 1.0
_PATIENCE_S = 30.0
"""How long a database that is away is waited for: nobody looks at the page for longer."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The ticket of a trial in the engine."""

    trial_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _Answer:
    trial_id: uuid.UUID
    outcome: Outcome
    until: float
    """When it is no longer worth writing, of `time.monotonic()`."""


class _Wish(Enum):
    LOOK = "look"
    END = "end"


class CheckTrials:
    """Takes the trials that wait, hands them to the engine, and writes their answers, in its own thread."""

    def __init__(
        self,
        sessions: SessionFactory,
        clock: DatabaseClock,
        vault: Vault,
        submit: Callable[[Sequence[Scheduled]], None],
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._vault = vault
        self._submit = submit
        self._in_flight = 0
        self._taking = True
        self._events: SimpleQueue[_Answer | _Wish] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="trials", daemon=True)

    def start(self) -> None:
        """Begin to look, first of all at once."""
        self._thread.start()

    def look(self) -> None:
        """The job: look for trials that wait. Safe to run twice."""
        self._events.put(_Wish.LOOK)

    def put(self, finished: Finished, trial_id: uuid.UUID) -> None:
        """Take a trial that has ended; called in the engine's thread."""
        self._put(trial_id, finished.outcome)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def take_no_more(self) -> None:
        """Leave what waits to others."""
        self._taking = False

    def end(self) -> None:
        """Write the answers that wait, and end after them."""
        self._taking = False
        self._events.put(_Wish.END)

    def stop(self, within: float) -> None:
        """End so, for at most `within` seconds."""
        self.end()
        self._thread.join(max(0.0, within))

    def _run(self) -> None:
        event: _Answer | _Wish = _Wish.LOOK
        while event is not _Wish.END:
            try:
                self._answer(event) if isinstance(event, _Answer) else self._look()
            except AWAY as error:
                _log.warning("cannot see to trials", error=first_line(error))
                time.sleep(_AWAY_S)
                if isinstance(event, _Answer):
                    self._try_again(event)
            except Exception:  # noqa: BLE001 - the thread must outlive a bug
                _log.exception("the trials stumbled")
                if isinstance(event, _Answer):
                    self._in_flight -= 1
            event = self._next()

    def _next(self) -> _Answer | _Wish:
        try:
            return self._events.get(timeout=LOOK_EVERY_S)
        except Empty:
            return _Wish.LOOK

    def _look(self) -> None:
        room = _MOST_AT_ONCE - self._in_flight
        if not self._taking or room <= 0:
            return
        with self._sessions.begin() as session:
            taken = trials.take_trials(session, TrialKind.CHECK, now=self._clock.now(), limit=room)
        for trial in taken:
            self._begin(trial)

    def _begin(self, trial: Trial) -> None:
        """Hand a trial to the engine, or answer why not."""
        self._in_flight += 1
        try:
            spec = _spec(trials.payload_of(trial, self._vault))
            self._submit([Scheduled(spec, time.monotonic(), Tried(trial.id))])
        except UserError as error:
            self._refuse(trial, str(error))
        except Exception:  # noqa: BLE001 - one that we cannot read must not keep the others from being tried
            _log.exception("a trial cannot be checked", trial=str(trial.id))
            self._refuse(trial, "an error of ours")

    def _refuse(self, trial: Trial, why: str) -> None:
        self._put(trial.id, Outcome(Reason.NOT_CHECKED, evidence={"error": why}))

    def _put(self, trial_id: uuid.UUID, outcome: Outcome) -> None:
        self._events.put(_Answer(trial_id, outcome, time.monotonic() + _PATIENCE_S))

    def _answer(self, answer: _Answer) -> None:
        with self._sessions.begin() as session:
            trials.answer(session, answer.trial_id, as_json(answer.outcome), now=self._clock.now())
        self._in_flight -= 1

    def _try_again(self, answer: _Answer) -> None:
        if time.monotonic() < answer.until:
            self._events.put(answer)
        else:
            self._in_flight -= 1


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the answer of a trial: what the pages read. Phases in microseconds."""
    ends_at = outcome.certificate_ends_at
    return {
        "condition": outcome.condition.value,
        "reason": outcome.reason.slug,
        "text": cause_in_words(outcome.reason.slug, outcome.evidence),
        "code": outcome.code,
        "phases": outcome.phases._asdict(),
        "total_us": outcome.phases.total,
        "address": outcome.address,
        "certificate_ends_at": None if ends_at is None else ends_at.isoformat(),
        "evidence": dict(outcome.evidence),
    }


def _spec(payload: dict[str, Any]) -> CheckSpec:
    draft = draft_monitor(**payload)
    return CheckSpec(0, 1, draft.kind, draft.target, draft.timeout, draft.settings)
