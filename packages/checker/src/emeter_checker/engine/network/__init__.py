"""Our own network: whether a check that failed tells of its target, or of us."""

from emeter_checker.engine.network.network import DOUBTFUL, OwnNetwork
from emeter_checker.engine.network.spokesman import Spokesman

__all__ = ["DOUBTFUL", "OwnNetwork", "Spokesman"]
