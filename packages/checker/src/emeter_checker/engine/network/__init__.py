"""Our own network: whether a check that failed tells of its target, or of us."""

from emeter_checker.engine.network.network import DOUBTFUL, OwnNetwork

__all__ = ["DOUBTFUL", "OwnNetwork"]
