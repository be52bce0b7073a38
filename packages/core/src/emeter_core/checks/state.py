"""What the checks of a probe have added up to, and the policy that judges them.

Named tuples, as each check makes some: a frozen dataclass takes three times as long to make.
"""

from datetime import datetime
from typing import NamedTuple

from emeter_core.outcome import Condition


class Policy(NamedTuple):
    """How many failures in a row make down, and how many successes in a row end it."""

    down_after: int = 3
    up_after: int = 2


class State(NamedTuple):
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


class Observation(NamedTuple):
    """One check, as it counts: its verdict, its slot and when it ended."""

    condition: Condition
    slot: datetime
    ended_at: datetime


class Change(NamedTuple):
    """The condition is another from `effective_at` on."""

    before: Condition
    after: Condition
    effective_at: datetime


class Step(NamedTuple):
    """What one observation leads to. `confirm_at`: check again then, if no regular slot comes sooner."""

    state: State
    change: Change | None = None
    opens: bool = False
    resolves: bool = False
    confirm_at: datetime | None = None
