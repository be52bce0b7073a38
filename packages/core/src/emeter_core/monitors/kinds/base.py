"""What every kind of monitor has: a name, settings and rules for its target."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from emeter_core.outcome import Reason


class KindSettings(BaseModel):
    """The settings of a kind: validated, immutable, unknown keys refused.

    `secret_fields` name the fields that are stored encrypted because people keep credentials in them;
    neither `repr` nor the text of a ValidationError shows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def expected(self, reason: Reason) -> dict[str, object]:  # noqa: ARG002 - for kinds that expect something
        """What an answer that failed for `reason` was held against, as its evidence keeps it."""
        return {}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [pair for pair in super().__repr_args__() if pair[0] not in self.secret_fields]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of monitor, as core knows it; how it is checked is in checker's table of probes."""

    name: str
    settings: type[KindSettings]
    clean_target: Callable[[str], str]
    """Normalises what a person typed; raises ValueError with the words for the person."""
