"""The rule of conditions, by example and by property."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.checks import Observation, Policy, State, Step, advance
from emeter_core.outcome import Condition

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
UP, DEGRADED, DOWN = Condition.UP, Condition.DEGRADED, Condition.DOWN
BLOCKED, NO_DATA, PENDING = Condition.BLOCKED, Condition.NO_DATA, Condition.PENDING


def run(*verdicts: Condition, policy: Policy | None = None, state: State | None = None) -> list[Step]:
    """Observe `verdicts` a minute apart from noon on; each check ends a second after its slot."""
    steps = []
    current = state or State()
    for number, verdict in enumerate(verdicts):
        slot = NOON + number * MINUTE
        step = advance(current, Observation(verdict, slot, slot + SECOND), policy or Policy(), slot + SECOND)
        current = step.state
        steps.append(step)
    return steps


def test_the_first_success_makes_up() -> None:
    [step] = run(UP)
    assert step.state.condition is UP
    assert step.change is not None
    assert (step.change.before, step.change.after, step.change.effective_at) == (PENDING, UP, NOON)


def test_down_after_three_failures_from_the_first_of_them() -> None:
    steps = run(UP, DOWN, DOWN, DOWN)
    assert [step.state.condition for step in steps] == [UP, UP, UP, DOWN]
    assert [step.opens for step in steps] == [False, False, False, True]
    change = steps[-1].change
    assert change is not None
    assert change.effective_at == NOON + MINUTE


def test_a_success_between_failures_starts_the_count_anew() -> None:
    steps = run(UP, DOWN, DOWN, UP, DOWN, DOWN)
    assert all(step.state.condition is UP for step in steps)


def test_up_again_after_two_successes_from_the_first_of_them() -> None:
    steps = run(DOWN, DOWN, DOWN, UP, UP)
    assert [step.resolves for step in steps] == [False, False, False, False, True]
    assert steps[3].state.condition is DOWN
    change = steps[-1].change
    assert change is not None
    assert (change.after, change.effective_at) == (UP, NOON + 3 * MINUTE)
    assert not steps[-1].state.incident_open


def test_a_failure_during_recovery_opens_no_second_incident() -> None:
    steps = run(DOWN, DOWN, DOWN, UP, DOWN, UP, UP)
    assert sum(step.opens for step in steps) == 1
    assert [step.state.condition for step in steps[3:]] == [DOWN, DOWN, DOWN, UP]


def test_thresholds_are_the_policys() -> None:
    steps = run(DOWN, UP, policy=Policy(down_after=1, up_after=1))
    assert [step.state.condition for step in steps] == [DOWN, UP]


def test_confirmations_are_asked_for_ten_and_twenty_seconds_after_the_end_of_the_first_failure() -> None:
    steps = run(DOWN, policy=Policy(down_after=4))
    first_end = NOON + SECOND
    assert steps[0].confirm_at == first_end + 10 * SECOND
    second = Observation(DOWN, first_end + 10 * SECOND, first_end + 11 * SECOND)
    step = advance(steps[0].state, second, Policy(down_after=4), second.ended_at)
    assert step.confirm_at == first_end + 20 * SECOND


def test_a_confirmation_is_never_asked_for_in_the_past() -> None:
    late = NOON + 50 * SECOND
    step = advance(State(), Observation(DOWN, NOON, NOON + SECOND), Policy(), late)
    assert step.confirm_at == late


def test_nothing_is_confirmed_once_it_is_down() -> None:
    assert run(DOWN, DOWN, DOWN, DOWN)[-1].confirm_at is None


def test_blocked_is_its_own_condition_and_opens_nothing() -> None:
    steps = run(UP, BLOCKED, BLOCKED, BLOCKED, BLOCKED)
    assert steps[1].state.condition is BLOCKED
    assert not any(step.opens for step in steps)


def test_no_data_between_failures_starts_the_count_anew() -> None:
    steps = run(UP, DOWN, DOWN, NO_DATA, DOWN)
    assert not any(step.opens for step in steps)
    assert steps[-1].state.failures == 1


def test_an_incident_stays_open_while_there_is_no_data_and_recovers_by_the_rule() -> None:
    steps = run(DOWN, DOWN, DOWN, NO_DATA, UP, UP)
    assert [step.state.incident_open for step in steps] == [False, False, True, True, True, False]
    assert steps[4].state.condition is NO_DATA
    assert steps[5].resolves


def test_a_failure_after_no_data_is_down_at_once_while_the_incident_is_open() -> None:
    steps = run(DOWN, DOWN, DOWN, NO_DATA, DOWN)
    assert steps[-1].state.condition is DOWN
    assert not steps[-1].opens


def test_degraded_is_a_success_of_its_own() -> None:
    steps = run(UP, DEGRADED, UP)
    assert [step.state.condition for step in steps] == [UP, DEGRADED, UP]
    change = steps[1].change
    assert change is not None
    assert change.effective_at == NOON + MINUTE


def test_a_slot_that_is_not_newer_changes_nothing() -> None:
    state = run(UP)[0].state
    for slot in (NOON, NOON - MINUTE):
        step = advance(state, Observation(DOWN, slot, slot), Policy(), NOON)
        assert step == Step(state)
        assert step.state is state


verdicts = st.lists(st.sampled_from([UP, DEGRADED, DOWN, BLOCKED, NO_DATA]), max_size=60)
policies = st.builds(Policy, down_after=st.integers(1, 5), up_after=st.integers(1, 5))


@given(verdicts, policies)
def test_openings_and_closings_take_turns(observed: list[Condition], policy: Policy) -> None:
    is_open = False
    for step in run(*observed, policy=policy):
        assert not (step.opens and step.resolves)
        if step.opens:
            assert not is_open
            is_open = True
        if step.resolves:
            assert is_open
            is_open = False
        assert step.state.incident_open is is_open


@given(verdicts, policies)
def test_down_means_an_open_incident_and_up_none(observed: list[Condition], policy: Policy) -> None:
    for step in run(*observed, policy=policy):
        if step.state.condition is DOWN:
            assert step.state.incident_open
        if step.state.condition in {UP, DEGRADED}:
            assert not step.state.incident_open


@given(verdicts, policies)
def test_an_incident_opens_exactly_where_the_last_verdicts_are_enough_failures(
    observed: list[Condition], policy: Policy
) -> None:
    for number, step in enumerate(run(*observed, policy=policy)):
        if step.opens:
            run_of = observed[number - policy.down_after + 1 : number + 1]
            assert run_of == [DOWN] * policy.down_after
        if step.resolves:
            run_of = observed[number - policy.up_after + 1 : number + 1]
            assert len(run_of) == policy.up_after
            assert all(each in {UP, DEGRADED} for each in run_of)


@given(verdicts, policies)
def test_changes_join_and_never_go_back_in_time(observed: list[Condition], policy: Policy) -> None:
    condition, since = PENDING, NOON - MINUTE
    for step in run(*observed, policy=policy):
        if step.change is None:
            assert step.state.condition is condition
            continue
        assert step.change.before is condition
        assert step.change.after is not condition
        assert step.change.effective_at > since
        condition, since = step.change.after, step.change.effective_at


@given(verdicts, policies)
def test_failures_and_successes_are_never_counted_at_once(observed: list[Condition], policy: Policy) -> None:
    for step, verdict in zip(run(*observed, policy=policy), observed, strict=True):
        state = step.state
        assert not (state.failures and state.successes)
        assert bool(state.failures) == (verdict is DOWN)
        assert bool(state.successes) == (verdict in {UP, DEGRADED})
        assert (state.streak_since is None) == (not state.failures and not state.successes)


@given(verdicts, policies)
def test_a_repeated_observation_changes_nothing(observed: list[Condition], policy: Policy) -> None:
    state = State()
    for number, verdict in enumerate(observed):
        slot = NOON + number * MINUTE
        seen = Observation(verdict, slot, slot + SECOND)
        state = advance(state, seen, policy, slot).state
        assert advance(state, seen, policy, slot).state is state


@given(verdicts, policies)
def test_a_confirmation_is_asked_for_after_each_failure_that_decides_nothing_and_never_else(
    observed: list[Condition], policy: Policy
) -> None:
    for step, verdict in zip(run(*observed, policy=policy), observed, strict=True):
        expected = verdict is DOWN and not step.state.incident_open
        assert (step.confirm_at is not None) == expected
