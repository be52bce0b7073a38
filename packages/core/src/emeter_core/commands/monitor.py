"""`emeter monitor`: what is watched, from the terminal."""

import json
from typing import Any

import click

from emeter_core.commands.edge import Desk, Edge, scoped
from emeter_core.commands.monitor_list import list_
from emeter_core.commands.monitor_options import described, split, told_by_option
from emeter_core.commands.prompts import require_terminal
from emeter_core.heartbeats import get_heartbeat
from emeter_core.monitors import (
    Monitor,
    check_monitor_now,
    create_monitor,
    delete_monitor,
    draft_monitor,
    get_monitor,
    open_settings,
    pause_monitor,
    resume_monitor,
    told_target,
    update_monitor,
)
from emeter_core.monitors.kinds import KINDS, KindSettings, kind_of
from emeter_storage.errors import UserError


@click.group()
def monitor() -> None:
    """Look after what is watched."""


monitor.add_command(list_)


@monitor.command()
@click.argument("url", default="")
@click.option("--kind", help=f"{', '.join(KINDS)} (default: by what URL begins with).")
@click.option("--token", default="", help="heartbeat: the one that its jobs know already.")
@described
@scoped
def add(edge: Edge, url: str, kind: str | None, token: str, **given: Any) -> None:  # noqa: ANN401 - whatever the options bring
    """Watch URL from now on; prints the id of the new monitor.

    URL is like https://example.com/, tcp://example.com:25 or ping://example.com. A heartbeat has none: it is
    --kind heartbeat --name NAME, and `emeter monitor show` prints where its job pings.
    """
    begins = url if kind is None else ""
    kind = kind_of(url) if kind is None else kind
    fields, settings = split(given, kind)
    with told_by_option(begins):
        draft = draft_monitor(target=url, kind=kind, settings=settings, **fields)
    vault = edge.vault
    with edge.desk() as desk, told_by_option():
        made = create_monitor(desk.session, desk.scope, draft, vault=vault, now=desk.now, token=token)
    click.echo(made.public_id)


@monitor.command()
@click.argument("public_id", metavar="ID")
@click.option("--url", help="Another target.")
@described
@scoped
def edit(edge: Edge, public_id: str, url: str | None, **given: Any) -> None:  # noqa: ANN401 - see add
    """Change the monitor ID; what is not named stays as it is."""
    vault = edge.vault
    with edge.desk() as desk, told_by_option():
        found = _find(desk, public_id)
        fields, settings = split(given, found.kind)
        before = open_settings(found, vault).model_dump()
        draft = draft_monitor(
            target=found.target if url is None else url,
            kind=found.kind,
            settings=before | settings,
            **_fields(found) | fields,
        )
        update_monitor(desk.session, desk.scope, found, draft, vault=vault, now=desk.now)
    click.echo(f"Changed {draft.name}.")


@monitor.command()
@click.argument("public_id", metavar="ID")
@scoped
def show(edge: Edge, public_id: str) -> None:
    """Print all that is set for the monitor ID; secrets are left out."""
    vault = edge.vault
    with edge.desk() as desk:
        found = _find(desk, public_id)
        settings = open_settings(found, vault)
        is_polled = KINDS[found.kind].is_polled
        head = {"id": found.public_id, "status": found.status.value, "kind": found.kind}
        head["url" if is_polled else "expected"] = told_target(found)
        if not is_polled:
            heartbeat = get_heartbeat(desk.session, desk.scope, found, vault=vault, now=desk.now)
            head["ping URL"] = heartbeat.url(edge.settings.base_url)
    for name, value in (head | _fields(found) | _open_part(settings)).items():
        click.echo(f"{name.replace('_', ' ') + ':':<16}{value}")


@monitor.command()
@click.argument("public_id", metavar="ID")
@scoped
def pause(edge: Edge, public_id: str) -> None:
    """Stop checking the monitor ID."""
    with edge.desk() as desk:
        found = _find(desk, public_id)
        pause_monitor(desk.session, desk.scope, found, now=desk.now)
    click.echo(f"Paused {found.name}.")


@monitor.command()
@click.argument("public_id", metavar="ID")
@scoped
def resume(edge: Edge, public_id: str) -> None:
    """Check the paused monitor ID again."""
    with edge.desk() as desk:
        found = _find(desk, public_id)
        resume_monitor(desk.session, desk.scope, found, now=desk.now)
    click.echo(f"Resumed {found.name}.")


@monitor.command()
@click.argument("public_id", metavar="ID")
@scoped
def check(edge: Edge, public_id: str) -> None:
    """Have the monitor ID checked now, beside its schedule; one check at a time."""
    with edge.desk() as desk:
        found = _find(desk, public_id)
        asked = check_monitor_now(desk.session, desk.scope, found, now=desk.now)
        if asked.slot is None:
            raise UserError(f"{found.name} is paused: resume it first.")
    click.echo(f"{found.name} {asked.words}: see `emeter monitor list`.")


@monitor.command()
@click.argument("public_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@scoped
def delete(edge: Edge, public_id: str, *, yes: bool) -> None:
    """Delete the monitor ID with its history."""
    with edge.desk() as desk:
        name = _find(desk, public_id).name
    if not yes:
        require_terminal(f"whether to delete {name}", "--yes")
    # Asked while no transaction is open: a person may take their time.
    if not yes and not click.confirm(f"Delete {name} with its history?", err=True):
        raise UserError("Nothing was deleted.")
    with edge.desk() as desk:
        delete_monitor(desk.session, desk.scope, _find(desk, public_id), now=desk.now)
    click.echo(f"Deleted {name}.")


def _find(desk: Desk, public_id: str) -> Monitor:
    return get_monitor(desk.session, desk.scope, public_id)


def _fields(monitor: Monitor) -> dict[str, Any]:
    """What a draft needs besides target, kind and settings."""
    return {
        "name": monitor.name,
        "interval": monitor.interval_seconds,
        "timeout": monitor.timeout_seconds,
        "down_after": monitor.down_after,
        "up_after": monitor.up_after,
    }


def _open_part(settings: KindSettings) -> dict[str, str]:
    """The settings as text; of secret ones only whether they are set."""
    told = {}
    for name, value in settings.model_dump(mode="json").items():
        if name in settings.secret_fields:
            told[name] = "(set)" if value else ""
        else:
            told[name] = value if isinstance(value, str) else json.dumps(value)
    return told
