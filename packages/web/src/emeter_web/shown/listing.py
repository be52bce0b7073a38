"""A page of the list of monitors, grouped by status where trouble comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from emeter_core.monitors import Overview, Page, Status, list_monitors
from emeter_core.scope import Scope
from emeter_web.pager import Pages
from emeter_web.shown.filters import Filters
from emeter_web.shown.rows import ListRow, list_rows


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one status, or all rows where `status` is None; `note` says what `number` counts if not all."""

    rows: Sequence[ListRow]
    status: Status | None = None
    number: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    groups: Sequence[Group]
    pages: Pages

    @property
    def caption(self) -> str:
        """What the table shows, for those who do not see it."""
        first, last = self.pages.first_row, self.pages.last_row
        return f"Monitors, {first:,} to {last:,} of {self.pages.total:,}"


def listing(
    session: Session, scope: Scope, filters: Filters, overview: Overview, *, per_page: int, now: datetime
) -> Listing:
    """Look up one page; beyond the last one it is the last."""
    found = _find(session, scope, filters, filters.page, per_page)
    last = Pages(1, found.total, per_page).last
    if filters.page > last:
        found = _find(session, scope, filters, last, per_page)
    rows = list_rows(session, scope, found.rows, now=now)
    groups = _grouped(rows, filters, overview) if filters.sort == "trouble" else [Group(rows)]
    return Listing(groups, Pages(found.number, found.total, per_page))


def _find(session: Session, scope: Scope, filters: Filters, number: int, per_page: int) -> Page:
    return list_monitors(
        session,
        scope,
        search=filters.search,
        status=filters.status,
        kind=filters.kind,
        sort=filters.sort,
        page=number,
        per_page=per_page,
    )


def _grouped(rows: Sequence[ListRow], filters: Filters, overview: Overview) -> list[Group]:
    """Rows by status, in their order; how many a search finds of each is known of this page alone."""
    is_whole = not (filters.search or filters.kind)
    groups = []
    for status, of_status in groupby(rows, key=lambda row: row.status):
        inside = list(of_status)
        number, note = (overview.counts[status], "") if is_whole else (len(inside), "on this page")
        groups.append(Group(inside, status, number, note))
    return groups
