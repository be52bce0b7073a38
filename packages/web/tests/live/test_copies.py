import threading
import time

import pytest

from emeter_web.live.copies import KEPT_S, Copies, Copy

PAGE = Copy("text/html", b"page")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def copies(clock: Clock) -> Copies:
    return Copies(clock)


def test_a_copy_is_made_once_for_all_who_ask_for_it(copies: Copies) -> None:
    made = []

    def make() -> Copy:
        made.append(threading.get_ident())
        time.sleep(0.1)
        return PAGE

    threads = [threading.Thread(target=copies.get, args=("key", make)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


def test_each_key_has_a_copy_of_its_own(copies: Copies) -> None:
    assert copies.get("a", lambda: PAGE) is PAGE
    other = Copy("text/html", b"other")
    assert copies.get("b", lambda: other) is other


def test_a_copy_is_forgotten_soon(copies: Copies, clock: Clock) -> None:
    copies.get("a", lambda: PAGE)
    fresh = Copy("text/html", b"fresh")

    clock.now += KEPT_S - 0.1
    assert copies.get("a", lambda: fresh) is PAGE
    clock.now += 0.2
    assert copies.get("a", lambda: fresh) is fresh


def test_a_copy_that_could_not_be_made_is_tried_again(copies: Copies) -> None:
    with pytest.raises(ZeroDivisionError):
        copies.get("a", lambda: 1 / 0)  # type: ignore[return-value,arg-type]
    assert copies.get("a", lambda: PAGE) is PAGE


def test_more_than_so_many_are_not_kept(copies: Copies) -> None:
    for number in range(200):
        copies.get(number, lambda: PAGE)
    made = []
    copies.get(0, lambda: made.append(1) or PAGE)
    copies.get(199, lambda: made.append(2) or PAGE)
    assert made == [2]
