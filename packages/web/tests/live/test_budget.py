from emeter_web.live.budget import Budget, spread_ms


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_many_pages_may_fetch_at_once_after_a_calm() -> None:
    budget = Budget(Clock())
    assert budget.take(200)
    assert budget.take(200)


def test_a_storm_is_held_back_to_a_share_of_a_core() -> None:
    clock = Clock()
    budget = Budget(clock)
    for _ in range(200):
        budget.learn(0.0023)
    fetched = 0
    for _ in range(600):
        clock.now += 1
        fetched += 200 if budget.take(200) else 0
    # 5 ms each, the server's own part included: 4.5 % of a core are 9 fetches a second.
    assert 8 <= fetched / 600 <= 10


def test_dear_pages_are_asked_for_less_often() -> None:
    clock = Clock()
    cheap, dear = Budget(clock), Budget(clock)
    for _ in range(200):
        dear.learn(0.05)
    asked = {cheap: 0, dear: 0}
    for _ in range(120):
        clock.now += 1
        for budget in asked:
            asked[budget] += budget.take(20)
    assert asked[dear] < asked[cheap] / 4


def test_one_page_fetches_at_once_and_many_within_a_moment() -> None:
    assert spread_ms(1) == 0
    assert spread_ms(50) == 200
    assert spread_ms(200) == 800
    assert spread_ms(10_000) == 800
