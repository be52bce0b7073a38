"""The table of probes."""

from emeter_checker.kinds import PROBES
from emeter_core.monitors.kinds import KINDS


def test_every_kind_can_be_checked() -> None:
    assert list(PROBES) == list(KINDS)
