"""What a list of monitors was asked for, read from an address that anybody may have typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flask import url_for

from emeter_core.monitors import Overview, Status
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.status import TROUBLE_FIRST
from emeter_web.formats import word

SORTS = {"trouble": "Trouble first", "name": "Name", "latency": "Latency", "changed": "Last change"}
_MOST = 1_000_000

Tab = tuple[str, str, int, str, bool]


@dataclass(frozen=True, slots=True)
class Filters:
    """Search, status, kind, order and page of a list; what makes no sense is left out."""

    longest: ClassVar[int] = 200
    """Characters of a search; what is beyond them is not looked for."""

    search: str = ""
    status: Status | None = None
    kind: str = ""
    sort: str = "trouble"
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Filters":
        """Read the query of an address."""
        status, kind, sort = (arguments.get(name, "") for name in ("status", "kind", "sort"))
        return cls(
            search=" ".join(arguments.get("q", "").split())[: cls.longest],
            status=Status(status) if status in Status.__members__.values() else None,
            kind=kind if kind in KINDS else "",
            sort=sort if sort in SORTS else "trouble",
            page=read_page(arguments.get("page", "")),
        )

    @property
    def is_narrow(self) -> bool:
        """Whether not all monitors are asked for."""
        return bool(self.search or self.status or self.kind)

    def carried(self) -> dict[str, str]:
        """What a search carries along, by the names of its parameters."""
        sort = "" if self.sort == "trouble" else self.sort
        held = {"status": self.status.value if self.status else "", "kind": self.kind, "sort": sort}
        return {name: value for name, value in held.items() if value}

    def url(self, **changes: object) -> str:
        """The address of the list with these parameters changed; the page is the first unless it is given."""
        held: dict[str, object] = {"q": self.search, **self.carried(), **changes}
        shown = {name: value for name, value in held.items() if value and (name, value) != ("page", 1)}
        return url_for("monitors.index", **shown)  # type: ignore[arg-type]  # their names are ours

    def page_url(self, number: int) -> str:
        """The address of a page of this list."""
        return self.url(page=number)

    def tabs(self, overview: Overview) -> list[Tab]:
        """The tabs that filter by status: all, then what needs a person before what does not."""
        whole: Tab = (self.url(status=""), "All", overview.total, "", self.status is None)
        return [
            whole,
            *(
                (
                    self.url(status=each.value),
                    word(each),
                    overview.counts[each],
                    each.value,
                    self.status is each,
                )
                for each in TROUBLE_FIRST
            ),
        ]


def read_page(text: str) -> int:
    """A page number as an address has it; 1 for what is none."""
    digits = text if text.isascii() and text.isdigit() and len(text) < len(str(_MOST)) else "1"
    return max(1, int(digits))
