from hypothesis import given
from hypothesis import strategies as st

from emeter_core.outcome import Condition, Phases, Reason
from emeter_web.charts import phases

FIVE = st.tuples(*[st.integers(0, 60_000_000)] * 5)
FAILED = st.none() | st.integers(0, 4)


def test_a_waterfall_lays_phases_one_after_the_other() -> None:
    drawn = phases.waterfall((4_000, 18_000, 37_000, 33_000, 2_000))

    assert [(lane.word, lane.x, lane.width, lane.text) for lane in drawn.lanes] == [
        ("DNS", "0", "4", "4 ms"),
        ("Connect", "4", "18", "18 ms"),
        ("TLS", "22", "37", "37 ms"),
        ("First byte", "59", "33", "33 ms"),
        ("Transfer", "92", "2", "2 ms"),
    ]
    assert drawn.scale == ("0", "50", "100 ms")
    assert drawn.total == "94 ms"


def test_what_does_not_exist_has_no_lane() -> None:
    assert [lane.word for lane in phases.waterfall((900, 100, 0, 500, 10)).lanes] == [
        *("DNS", "Connect", "First byte", "Transfer"),
    ]


def test_the_phase_that_failed_is_red_and_those_after_it_were_not_reached() -> None:
    lanes = phases.waterfall((1_200, 9_000, 0, 0, 0), failed=1).lanes

    assert [lane.css for lane in lanes] == ["p1", "x", "p3", "p4", "p5"]
    assert [lane.text for lane in lanes[2:]] == ["not reached"] * 3


def test_a_phase_that_was_never_wanted_is_not_told_as_not_reached() -> None:
    wanted = {phases.DNS: "DNS", phases.WAIT: "Round trip"}

    lost = phases.waterfall((900, 0, 0, 0, 0), failed=0, wanted=wanted).lanes
    assert [(lane.word, lane.text) for lane in lost] == [("DNS", "1 ms"), ("Round trip", "not reached")]
    # What took time is told, whatever was wanted.
    assert [lane.word for lane in phases.waterfall((900, 100, 0, 0, 0), failed=1, wanted=wanted).lanes] == [
        *("DNS", "Connect", "Round trip"),
    ]


def test_every_reason_fails_in_a_phase_or_by_what_was_read() -> None:
    got = Phases(1, 2, 3, 4, 0)
    down = [reason for reason in Reason if reason.condition is Condition.DOWN]

    assert phases.failed_phase(Reason.CERTIFICATE_EXPIRED, got) == 2
    assert phases.failed_phase(Reason.TIMEOUT, got) == 3
    assert phases.failed_phase(Reason.TIMEOUT, Phases()) == 0
    assert {reason for reason in down if phases.failed_phase(reason, got) is None} == {
        *(Reason.UNEXPECTED_CODE, Reason.KEYWORD_MISSING, Reason.KEYWORD_PRESENT),
        *(Reason.TOO_MANY_REDIRECTS, Reason.REDIRECT_INVALID, Reason.PACKETS_LOST),
        *(Reason.HEARTBEAT_MISSING, Reason.RUN_TOO_LONG, Reason.RUN_FAILED),
    }


def test_the_checks_of_a_table_share_the_scale_of_the_longest() -> None:
    checks = [(0, 0, 0, 100, 0), (0, 0, 0, 50, 0)]
    scale = phases.flow_scale(checks)

    assert [phases.flow(check, scale)[0].width for check in checks] == ["100", "50"]
    assert phases.flow_scale([]) == 1


@given(FIVE, FAILED)
def test_no_lane_leaves_its_place(took: tuple[int, ...], failed: int | None) -> None:
    waterfall = phases.waterfall(took, failed)
    flow = phases.flow(took, phases.flow_scale([took]), failed)

    for lane in (*waterfall.lanes, *flow):
        assert float(lane.x) >= 0
        assert float(lane.width) > 0
        assert float(lane.x) + float(lane.width) <= 100.2
