"""The rule of conditions: pure, and the longest-tested function of the project."""

from datetime import datetime, timedelta

from emeter_core.checks.state import Change, Observation, Policy, State, Step
from emeter_core.outcome import Condition

CONFIRM_AFTER = timedelta(seconds=10)
"""After the first failure the next check comes 10 s after its end, the one after that 20 s (DESIGN 3)."""

# Runs longer than this say nothing more, and the column is a smallint.
_COUNT_TO = 10_000


def advance(state: State, seen: Observation, policy: Policy, now: datetime) -> Step:
    """Judge one observation; a slot that is not newer than the last one counted changes nothing."""
    if state.last_slot is not None and seen.slot <= state.last_slot:
        return Step(state)
    if seen.condition in _SUCCESSES:
        return _succeed(state, seen, policy)
    if seen.condition is Condition.DOWN:
        return _fail(state, seen, policy, now)
    return _learn_nothing(state, seen)


_SUCCESSES = frozenset({Condition.UP, Condition.DEGRADED})


def _succeed(state: State, seen: Observation, policy: Policy) -> Step:
    """Count a success: enough of them in a row end what is down, one alone ends anything else."""
    successes = min(state.successes + 1, _COUNT_TO)
    first = successes == 1
    recovering = state.incident_open and successes < policy.up_after
    after = State(
        condition=state.condition if recovering else seen.condition,
        failures=0,
        successes=successes,
        streak_since=seen.slot if first else state.streak_since,
        streak_ended_at=seen.ended_at if first else state.streak_ended_at,
        last_slot=seen.slot,
        incident_open=recovering,
    )
    # What was down is well from the first success of the run on; any other change is of this very check.
    effective_at = after.streak_since if state.incident_open else seen.slot
    return Step(after, _change(state, after, effective_at), resolves=state.incident_open and not recovering)


def _fail(state: State, seen: Observation, policy: Policy, now: datetime) -> Step:
    """Count a failure: down once there are enough in a row, or at once where an incident is open."""
    failures = min(state.failures + 1, _COUNT_TO)
    first = failures == 1
    is_down = state.incident_open or failures >= policy.down_after
    streak_ended_at = seen.ended_at if first or state.streak_ended_at is None else state.streak_ended_at
    after = State(
        condition=Condition.DOWN if is_down else state.condition,
        failures=failures,
        successes=0,
        streak_since=seen.slot if first else state.streak_since,
        streak_ended_at=streak_ended_at,
        last_slot=seen.slot,
        incident_open=is_down,
    )
    confirm_at = None if is_down else max(streak_ended_at + failures * CONFIRM_AFTER, now)
    change = _change(state, after, after.streak_since)
    return Step(after, change, opens=is_down and not state.incident_open, confirm_at=confirm_at)


def _learn_nothing(state: State, seen: Observation) -> Step:
    """Blocked, or no data: says nothing of the target, so runs start anew and incidents stay as they are."""
    after = state._replace(
        condition=seen.condition,
        failures=0,
        successes=0,
        streak_since=None,
        streak_ended_at=None,
        last_slot=seen.slot,
    )
    return Step(after, _change(state, after, seen.slot))


def _change(before: State, after: State, effective_at: datetime | None) -> Change | None:
    if before.condition is after.condition or effective_at is None:
        return None
    return Change(before.condition, after.condition, effective_at)
