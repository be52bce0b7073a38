from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.engine.timers import Timers


@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_what_is_due_comes_in_order_and_the_rest_stays(instants, now) -> None:
    timers = Timers()
    for number, at in enumerate(instants):
        timers.at(at, print, (at, number))
    taken = [subject for _, subject in timers.due(now)]
    assert taken == sorted((at, number) for number, at in enumerate(instants) if at <= now)
    assert timers.next_at() > now
    assert timers.remove(print) == sorted((at, number) for number, at in enumerate(instants) if at > now)
    assert len(timers) == 0
