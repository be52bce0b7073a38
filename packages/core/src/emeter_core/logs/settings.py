"""How a process logs, as the environment says it."""

from typing import Literal, NamedTuple

Form = Literal["auto", "json", "text"]
Level = Literal["debug", "info", "warning", "error"]


class LogSettings(NamedTuple):
    """`auto` is text on a terminal and JSON elsewhere; what is below `level` is left out."""

    form: Form = "auto"
    level: Level = "info"

    def is_json(self, *, on_terminal: bool) -> bool:
        """Whether lines are JSON where they go."""
        return self.form == "json" or (self.form == "auto" and not on_terminal)
