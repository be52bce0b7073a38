from emeter_core.supervisor.backoff import Backoff


def test_pauses_double_up_to_ten_seconds() -> None:
    backoff = Backoff()

    assert [backoff.pause(0) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]


def test_a_life_of_thirty_seconds_begins_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.pause(0)

    assert backoff.pause(30) == 0.2
    assert backoff.pause(0) == 0.4


def test_who_lived_longer_than_the_pause_is_back_at_once() -> None:
    backoff = Backoff()
    for _ in range(6):
        backoff.pause(0)

    assert backoff.pause(9.9) == 0.2


def test_the_longest_pause_can_be_shorter() -> None:
    backoff = Backoff(longest=2)

    assert max(backoff.pause(0) for _ in range(10)) == 2
