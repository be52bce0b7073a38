"""The monitors of a page as a table in the terminal."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from emeter_core.commands.words import ago, latency
from emeter_core.logs.words import printable
from emeter_core.monitors import MonitorRow, Status, cause_of, told_target
from emeter_core.outcome import Reason

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from emeter_core.commands.monitor_list import Listing

# Wide enough that nothing is cut where no person looks on, such as in a pipe.
_WIDTH_OF_PIPES = 240
# Narrower terminals leave these columns out, so that names and targets stay readable.
_ROOM_FOR_DETAILS = 110
_ROOM_FOR_IDS = 150
_CERTIFICATE_SOON = timedelta(days=14)
_LOOKS = {
    Status.PENDING: ("○", "dim"),
    Status.UP: ("●", "green"),
    Status.DEGRADED: ("◐", "yellow"),
    Status.DOWN: ("✕", "bold red"),
    Status.BLOCKED: ("⊘", "magenta"),
    Status.NO_DATA: ("?", "yellow"),
    Status.PAUSED: ("‖", "dim"),
    Status.MAINTENANCE: ("⚙", "blue"),
    Status.UNREACHABLE: ("⋯", "yellow"),
}


def print_once(listing: Listing) -> None:
    """Print the table and return."""
    console = _console()
    console.print(_view(listing, console.width))


class Screen:
    """A place in the terminal that shows a listing, and then the next in its stead."""

    def __init__(self) -> None:
        self._console = _console()
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        """Begin; the terminal is as before at the end, also after Ctrl-C."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, listing: Listing, trouble: str) -> None:
        """Show a listing; `trouble` says why it is not a new one."""
        view: RenderableType = _view(listing, self._console.width)
        if trouble:
            view = Group(view, Text(f"The database does not answer: {printable(trouble)}", style="red"))
        if self._console.is_terminal:
            self._live.update(view, refresh=True)
        else:
            self._console.print(view)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_OF_PIPES)


def _view(listing: Listing, width: int) -> RenderableType:
    """Lay out the page; where room is short only name, target and what was found are cut."""
    with_details, with_ids = width >= _ROOM_FOR_DETAILS, width >= _ROOM_FOR_IDS
    # Rich narrows the columns that may wrap; the texts in them ask for an ellipsis instead.
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Status", no_wrap=True)
    table.add_column("Name")
    table.add_column("Target")
    table.add_column("Latency", justify="right", no_wrap=True)
    table.add_column("Last check", justify="right", no_wrap=True)
    if with_details:
        table.add_column("Certificate", justify="right", no_wrap=True)
        table.add_column("Found")
    if with_ids:
        table.add_column("Id", no_wrap=True)
    for row in listing.page.rows:
        cells = _cells(row, listing.now)
        if with_details:
            cells += [_certificate(row.certificate_ends_at, listing.now), _shrinking(_found(row))]
        if with_ids:
            cells.append(Text(str(row.monitor.public_id), style="dim"))
        table.add_row(*cells)
    return Group(table, Text(_footer(listing), style="dim"))


def _cells(row: MonitorRow, now: datetime) -> list[Text]:
    """The columns that every terminal shows."""
    monitor = row.monitor
    symbol, style = _LOOKS[monitor.status]
    return [
        Text(f"{symbol} {monitor.status.value.replace('_', ' ')}", style=style),
        _shrinking(printable(monitor.name)),
        _shrinking(printable(told_target(monitor))),
        Text("-" if row.last_total_us is None else latency(row.last_total_us)),
        Text("-" if row.last_slot is None else ago(row.last_slot, now)),
    ]


def _shrinking(text: str) -> Text:
    """A cell of one line that ends in an ellipsis where its column is too narrow."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _certificate(ends_at: datetime | None, now: datetime) -> Text:
    if ends_at is None:
        return Text("-")
    if ends_at <= now:
        return Text("expired", style="bold red")
    left = ends_at - now
    return Text(f"{left.days} d", style="yellow" if left < _CERTIFICATE_SOON else "")


def _found(row: MonitorRow) -> str:
    """What the last check found, in words, where it is not as it should be."""
    if row.last_reason is None or row.last_reason is Reason.OK:
        return ""
    return cause_of(row.monitor, row.last_reason, code=row.last_code)


def _footer(listing: Listing) -> str:
    page = listing.page
    if page.total == 0:
        if listing.is_filtered:
            return "No monitor matches."
        return "No monitors found. Add one with `emeter monitor add URL`."
    total = f"{page.total:,} monitor{'s' if page.total != 1 else ''}"
    pages = ceil(page.total / page.per_page)
    if not page.rows:
        return f"{total}, but no page {page.number:,}: the last is {pages:,}"
    counts = Counter(row.monitor.status for row in page.rows)
    statuses = ", ".join(
        f"{counts[status]} {status.value.replace('_', ' ')}" for status in Status if counts[status]
    )
    if pages == 1:
        return f"{total}: {statuses}"
    return f"{len(page.rows)} of {total}, page {page.number} of {pages}: {statuses}"
