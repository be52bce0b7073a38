"""Every route of the router for everybody there can be, held against the table of permissions.

What is expected is derived from the route (its guard, the permission it needs) and from the table in core.
Each request is sent by HTTP, with ids of what is there.
"""

import itertools
import re
import uuid

from permission_site import ANSWERED, HOME, LOG_IN, NOT_FOUND, REFUSED, Answer, Site
from permission_world import ANONYMOUS, PEOPLE, STRANGER, Belongings
from werkzeug.test import TestResponse

from emeter_core.accounts import PERMISSIONS, Permission, Role
from emeter_core.trials import TrialKind
from emeter_web.router import GROUPS
from emeter_web.routes import ANYBODY, OWN_ACCOUNT, SAFE_METHODS, Group, Route
from emeter_web.user_auth import redirect_if_user_is_authenticated

ROUTES = [(group, route) for group in GROUPS for route in group.routes]
OF_SOMETHING = [(group, route) for group, route in ROUTES if "public_id" in route.path]
CLAIMS = {"X-Role": "owner", "X-User-Id": "1", "X-Team-Id": "1", "Authorization": "Bearer owner"}


def expected(group: Group, route: Route, who: str) -> str:
    """What the router and the table promise of a route, asked with the ids of `ours`."""
    if route.needs is ANYBODY:
        is_for_guests = group.guard is redirect_if_user_is_authenticated
        return HOME if is_for_guests and who != ANONYMOUS else ANSWERED
    if who == ANONYMOUS:
        return LOG_IN
    if not isinstance(route.needs, Permission):
        return ANSWERED
    if who == STRANGER:
        # Where nothing is named they act at home, in a team of their own.
        return NOT_FOUND if "public_id" in route.path else ANSWERED
    return ANSWERED if route.needs in PERMISSIONS[Role(who)] else REFUSED


def outcome(group: Group, who: str, answer: Answer) -> str:
    """What came: that one is sent home counts as an answer where that is not the guard's doing."""
    by_guard = group.guard is redirect_if_user_is_authenticated and who != ANONYMOUS
    return ANSWERED if answer.outcome == HOME and not by_guard else answer.outcome


def assert_rows(route: Route, who: str, promise: str, answer: Answer) -> None:
    """Looking changes nothing, nor does who is refused; but who may does, else it would prove little."""
    case = f"{route} as {who}"
    if promise != ANSWERED or route.method in SAFE_METHODS:
        assert not answer.changed, case
    elif isinstance(route.needs, Permission):
        assert answer.changed, case
    if who != STRANGER:
        assert not answer.changed_theirs, case


def assert_no_leak(site: Site, who: str, response: TestResponse) -> None:
    """Nobody reads of a team they are not in."""
    assert site.world.theirs.mark not in response.text or who == STRANGER
    assert site.world.ours.mark not in response.text or who not in {STRANGER, ANONYMOUS}


def test_every_route_answers_everybody_as_the_table_says(site: Site) -> None:
    found, promised = {}, {}
    for (group, route), who in itertools.product(ROUTES, PEOPLE):
        answer = site.ask(who, route)
        promised[str(route), who] = promise = expected(group, route, who)
        found[str(route), who] = outcome(group, who, answer)
        if found[str(route), who] == promise:
            assert_rows(route, who, promise, answer)
        assert_no_leak(site, who, answer.response)
    assert found == promised
    assert len(found) > 250


def test_what_a_request_claims_of_itself_changes_nothing(site: Site) -> None:
    for (group, route), who in itertools.product(ROUTES, (ANONYMOUS, STRANGER, Role.VIEWER, Role.EDITOR)):
        ours, theirs = site.world.ours, site.world.theirs
        wanted = ours if who in {ANONYMOUS, STRANGER} else theirs
        more = {
            "role": "owner",
            "scope": "owner",
            "needs": "ANYBODY",
            "team": str(wanted.team_id),
            "team_id": str(wanted.team_id),
            "public_id": str(wanted.monitor),
            "monitor": str(wanted.monitor),
            "monitors": str(wanted.monitor),
            "incident": str(wanted.incident),
            "user_token": "x",
        }
        answer, promise = site.ask(who, route, more=more, headers=CLAIMS), expected(group, route, who)
        assert outcome(group, who, answer) == promise, f"{route} as {who}"
        assert_rows(route, who, promise, answer)
        assert_no_leak(site, who, answer.response)


def test_an_id_of_another_team_is_not_found_and_answered_as_one_that_nobody_has(site: Site) -> None:
    for (_, route), who in itertools.product(OF_SOMETHING, tuple(Role)):
        swapped = site.ask(who, route, of=site.world.theirs)
        path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), route.path).replace("<int:slot>", "1")
        unknown = site.ask(who, route, path=path)
        case = f"{route} as {who}"
        # What is of an account and no team's may be answered otherwise, if only as what is not there.
        assert swapped.outcome == NOT_FOUND or route.needs is OWN_ACCOUNT, case
        assert spoken(swapped) == spoken(unknown), case
        assert not swapped.changed, case
        assert not unknown.changed, case


def test_a_trial_of_another_team_is_gone_in_query_and_form_alike(site: Site) -> None:
    kinds = {"alerts": TrialKind.CHANNEL, "monitors": TrialKind.CHECK}
    for group, route in ROUTES:
        kind = kinds.get(route.endpoint.partition(".")[0])
        if kind is None:
            continue
        theirs: Belongings = site.world.theirs
        answer = site.ask(Role.OWNER, route, more={"trial": str(theirs.trials[kind]), "secrets_kept": "true"})
        assert outcome(group, Role.OWNER, answer) == ANSWERED, str(route)
        assert theirs.mark not in answer.response.text
        assert not answer.changed_theirs


def spoken(answer: Answer) -> tuple[int, str, list[str]]:
    """All that an answer says, but for what each one has anew: its time, its nonce, and what is signed."""
    nonces = re.compile(r"nonce[-=]\"?[\w-]+")
    fields = [(name, nonces.sub("nonce", value)) for name, value in answer.response.headers if name != "Date"]
    said = [f"{name}: {value.partition('=')[0] if name == 'Set-Cookie' else value}" for name, value in fields]
    text = re.sub(r'(csrf.token" (?:content|value)=)"[^"]+"', r"\1", answer.response.text)
    return answer.response.status_code, nonces.sub("nonce", text), sorted(said)
