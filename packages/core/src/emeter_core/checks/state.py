"""What the checks of a probe have added up to, and the policy that judges them."""

from dataclasses import dataclass
from datetime import datetime

from emeter_core.outcome import Condition


@dataclass(frozen=True, slots=True)
class Policy:
    """How many failures in a row make down, and how many successes in a row end it."""

    down_after: int = 3
    up_after: int = 2


@dataclass(frozen=True, slots=True)
class State:
    """The memory of a probe between two checks.

    `streak_since` is the slot of the first check of the present run of failures or successes,
    `streak_ended_at` when that check ended; `last_slot` the newest slot that was counted.
    """

    condition: Condition = Condition.PENDING
    failures: int = 0
    successes: int = 0
    streak_since: datetime | None = None
    streak_ended_at: datetime | None = None
    last_slot: datetime | None = None
    incident_open: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One check, as it counts: its verdict, its slot and when it ended."""

    condition: Condition
    slot: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """The condition is another from `effective_at` on."""

    before: Condition
    after: Condition
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation leads to. `confirm_at`: check again then, if no regular slot comes sooner."""

    state: State
    change: Change | None = None
    opens: bool = False
    resolves: bool = False
    confirm_at: datetime | None = None
