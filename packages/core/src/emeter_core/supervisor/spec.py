"""What a package says of a long-running process of its own, in the entry-point group `emeter.processes`."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process that `emeter up` runs as `emeter <arguments>`.

    Those of lower `stop_order` end first; each has `stop_within` seconds for it, then it is killed. A line
    of its output with `ready_word` tells that it serves; without one it counts as ready once it runs. One
    that `listens` needs HOST and PORT for itself. `copies_by` is the setting that says how many there are.
    """

    name: str
    arguments: tuple[str, ...]
    stop_order: int = 50
    stop_within: float = 10.0
    ready_word: str = ""
    listens: bool = False
    copies_by: str = ""

    def copies(self, count: int) -> list[Self]:
        """It so many times: one keeps its name, several are numbered."""
        if count == 1:
            return [self]
        return [replace(self, name=f"{self.name}-{number}") for number in range(1, count + 1)]
