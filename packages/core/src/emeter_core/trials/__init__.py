"""Trials: what somebody tries from a page, answered by the checker within a second or so."""

from emeter_core.trials.trial import Trial, TrialKind
from emeter_core.trials.trials import (
    answer,
    ask,
    get_trial,
    payload_of,
    purge,
    realign,
    take_trials,
)

__all__ = [
    "Trial",
    "TrialKind",
    "answer",
    "ask",
    "get_trial",
    "payload_of",
    "purge",
    "realign",
    "take_trials",
]
