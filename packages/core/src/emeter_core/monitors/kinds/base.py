"""What every kind of monitor has: a name, settings and rules for its target."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from emeter_core.outcome import Reason

Facts = Iterator[tuple[str, str]]
"""What there is to tell, as pairs of a name and a text."""


class KindSettings(BaseModel):
    """The settings of a kind: validated, immutable, unknown keys refused.

    `secret_fields` name the fields that are stored encrypted because people keep credentials in them;
    neither `repr` nor the text of a ValidationError shows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def described(self) -> str:
        """What a check with these settings does, in few words: `HTTP GET`, `TCP with TLS`."""

    def expected(self, reason: Reason) -> dict[str, object]:  # noqa: ARG002 - for kinds that expect something
        """What an answer that failed for `reason` was held against, as its evidence keeps it."""
        return {}

    def shown_target(self, target: str) -> str:
        """The target as lists and mails show it."""
        return target

    def interval(self) -> int | None:
        """How many seconds are between two checks; None where that is for people to choose."""
        return None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [pair for pair in super().__repr_args__() if pair[0] not in self.secret_fields]


def nothing_more(_evidence: Mapping[str, Any]) -> Facts:
    """Tell nothing beyond what all kinds have."""
    yield from ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of monitor, as core knows it; how it is checked is in checker's table of probes.

    One that is not polled has no target and no probe in checker: it reports by itself. `down_after` and
    `up_after` are what most want of it.
    """

    name: str
    settings: type[KindSettings]
    clean_target: Callable[[str], str]
    """Normalises what a person typed; raises ValueError with the words for the person."""
    schemes: tuple[str, ...]
    """What its targets begin with, before `://`."""
    facts: Callable[[Mapping[str, Any]], Facts] = nothing_more
    """Tells what its evidence holds besides address, error, redirects and certificate."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the command line that are called otherwise than the setting they stand for."""
    is_polled: bool = True
    down_after: int = 3
    up_after: int = 2
