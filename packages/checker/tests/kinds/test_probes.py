"""The table of probes."""

from emeter_checker.kinds import PROBES
from emeter_core.monitors.kinds import KINDS


def test_every_kind_can_be_checked_but_those_that_report_by_themselves() -> None:
    assert list(PROBES) == [name for name, kind in KINDS.items() if kind.is_polled]
