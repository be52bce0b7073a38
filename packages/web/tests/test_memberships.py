"""Whoever is in several teams: a URL finds its own one, and what they are there counts at each request."""

from collections.abc import Callable, Iterator

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from permission_site import Site
from permission_world import STRANGER
from sqlalchemy import text

from emeter_core.accounts import Role
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction

_JOIN = """
INSERT INTO memberships (team_id, user_id, role, inserted_at)
SELECT :team_id, m.user_id, :role, now() FROM memberships m WHERE m.team_id = :home
ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role
"""
_GUEST = "SELECT user_id FROM memberships WHERE team_id = :home"


@pytest.fixture
def site(app: Flask, sessions: SessionFactory, settings: Settings) -> Iterator[Site]:
    site = Site(app, sessions, settings)
    yield site
    site.close()


@pytest.fixture
def do(site: Site, sessions: SessionFactory) -> Callable[..., None]:
    """Change the guest's rows; `theirs` is the team that they own, and where they are at home."""

    def run(statement: str, **values: object) -> None:
        ids = {"team_id": site.world.ours.team_id, "home": site.world.theirs.team_id}
        with transaction(sessions) as session:
            session.execute(text(statement), ids | values)

    return run


@pytest.fixture
def guest(site: Site, do: Callable[..., None]):  # noqa: ANN201 - a browser
    """Somebody who owns a team, and was invited to another as a viewer."""
    do(_JOIN, role=Role.VIEWER)
    return site.browser(STRANGER)


def test_a_mailed_link_opens_whatever_team_is_current(site: Site, guest) -> None:
    ours, home = site.world.ours, site.world.theirs
    for path in (
        f"/monitors/{ours.monitor}",
        f"/incidents/{ours.incident}",
        f"/monitors/{ours.monitor}/latency",
    ):
        assert guest.get(path).status_code == 200
    page = BeautifulSoup(guest.get(f"/monitors/{ours.monitor}").text, "html.parser")
    assert ours.mark in page.select_one(".brand summary").text
    assert page.select_one("meta[name=live]")["content"] == f"/live/{ours.team_id}"
    assert guest.get(f"/live/{ours.team_id}").mimetype == "text/event-stream"
    # What names nothing is of the team at home, as is what belongs to it.
    for path in ("/", "/monitors", "/alerts", f"/monitors/{home.monitor}"):
        said = guest.get(path).text
        assert home.mark in said
        assert ours.mark not in said


def test_one_may_what_the_role_in_that_team_allows_not_the_one_at_home(
    site: Site, guest, do: Callable[..., None]
) -> None:
    ours, home = site.world.ours, site.world.theirs
    assert guest.submit(f"/monitors/{ours.monitor}/pause").status_code == 403
    assert "Pause" not in guest.page(f"/monitors/{ours.monitor}").main.text
    assert guest.submit(f"/monitors/{home.monitor}/pause").status_code == 303
    do(_JOIN, role=Role.EDITOR)
    assert "Pause" in guest.page(f"/monitors/{ours.monitor}").main.text
    assert guest.submit(f"/monitors/{ours.monitor}/pause").status_code == 303
    assert guest.submit(f"/incidents/{ours.incident}/acknowledgement").status_code == 303
    tried = guest.submit(f"/monitors/{ours.monitor}/trials", url="https://typed.example.com/")
    assert guest.page(tried.location).select_one("#try[data-waiting]")


def test_the_form_of_a_monitor_takes_its_navigation_from_the_same_team(
    site: Site, guest, do: Callable[..., None]
) -> None:
    do(_JOIN, role=Role.EDITOR)
    path = f"/monitors/{site.world.ours.monitor}"
    meta = guest.page(f"{path}/edit").select_one("meta[name=live]")
    assert (meta["data-page"], meta["data-part"]) == (path, "nav")


def test_finding_the_team_costs_no_statement(site: Site, guest, count_queries) -> None:
    costs = []
    for monitor in (site.world.theirs.monitor, site.world.ours.monitor) * 2:
        with count_queries() as queries:
            guest.page(f"/monitors/{monitor}")
        costs.append(len(queries))
    assert costs[2] == costs[3] <= 12


def test_a_role_that_is_taken_away_counts_at_the_next_request(
    site: Site, guest, do: Callable[..., None]
) -> None:
    path = f"/monitors/{site.world.ours.monitor}"
    do(_JOIN, role=Role.ADMIN)
    assert guest.get(f"{path}/edit").status_code == 200
    do(_JOIN, role=Role.VIEWER)
    assert guest.get(f"{path}/edit").status_code == 403
    do(_JOIN, role=Role.OWNER)
    assert guest.submit(f"{path}/pause").status_code == 303
    do("DELETE FROM memberships WHERE team_id = :team_id AND user_id IN (" + _GUEST + ")")
    for answer in (
        guest.get(path),
        guest.submit(f"{path}/resume"),
        guest.get(f"/live/{site.world.ours.team_id}"),
    ):
        assert answer.status_code == 404
    assert guest.get("/monitors").status_code == 200


def test_a_user_who_is_gone_is_asked_to_log_in(site: Site, guest, do: Callable[..., None]) -> None:
    do("DELETE FROM users WHERE id IN (" + _GUEST + ")")
    for path in (f"/monitors/{site.world.ours.monitor}", "/monitors", f"/live/{site.world.ours.team_id}"):
        assert guest.get(path).location == "/users/log_in"
