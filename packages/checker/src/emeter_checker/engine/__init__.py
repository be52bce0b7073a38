"""The resident engine: one thread that runs thousands of checks at once.

`Engine(guard, on_done)` is started once, takes `Scheduled` checks by `submit` from any thread,
starts each at its instant and hands `Finished` values to `on_done`, in its own thread.
"""

from emeter_checker.engine.engine import Engine
from emeter_checker.engine.job import Finished, Scheduled

__all__ = ["Engine", "Finished", "Scheduled"]
