"""Checks: slots claimed, taken, checked and recorded; conditions advanced."""

from emeter_core.checks.advance import advance
from emeter_core.checks.claim import Claim, ClaimKind
from emeter_core.checks.finished import Finished
from emeter_core.checks.gap import Gap
from emeter_core.checks.overdue import claim_overdue
from emeter_core.checks.realign import realign
from emeter_core.checks.record import Recorded, record
from emeter_core.checks.result import Result
from emeter_core.checks.schedule import Hint, checks_per_second, claim_due, hint_again, recover
from emeter_core.checks.slots import from_us, to_us
from emeter_core.checks.spec import CheckSpec
from emeter_core.checks.state import Change, Observation, Policy, State, Step
from emeter_core.checks.sweep import sweep_silence
from emeter_core.checks.take import Taken, current_versions, drop, load_specs, release, take

__all__ = [
    "Change",
    "CheckSpec",
    "Claim",
    "ClaimKind",
    "Finished",
    "Gap",
    "Hint",
    "Observation",
    "Policy",
    "Recorded",
    "Result",
    "State",
    "Step",
    "Taken",
    "advance",
    "checks_per_second",
    "claim_due",
    "claim_overdue",
    "current_versions",
    "drop",
    "from_us",
    "hint_again",
    "load_specs",
    "realign",
    "record",
    "recover",
    "release",
    "sweep_silence",
    "take",
    "to_us",
]
