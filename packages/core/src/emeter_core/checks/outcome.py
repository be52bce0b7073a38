from emeter_core.outcome import Condition, Outcome, Phases, Reason

__all__ = ["Condition", "Outcome", "Phases", "Reason"]
