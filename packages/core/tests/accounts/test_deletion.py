"""An account deleted: what goes with it, what stays, who is kept, and who is told."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from emeter_core.accounts import (
    Membership,
    Role,
    Team,
    User,
    UserDeletion,
    UserSession,
    UserToken,
    delete_user,
    deliver_user_reset_password_instructions,
    get_user_by_session_token,
    hash_password,
    prepare_user_deletion,
    scope_of,
    teams_left_by,
)
from emeter_core.alerts import Channel, Delivery, MailOut, claim_deliveries, mark_sent, render
from emeter_core.alerts import purge as purge_deliveries
from emeter_core.errors import Invalid
from emeter_core.incidents import Incident, StatusChange
from emeter_core.mail import Mail
from emeter_core.monitors import Monitor, Probe, check_monitor_now
from emeter_core.outbox.enqueue import MAIL_PURPOSE
from emeter_core.testing.filling import fill
from emeter_core.trials import Trial, TrialKind, ask

PASSWORD = "hello world!"


def leave(session, user: User, *, vault, now) -> Mail:
    """Delete the account of somebody who is confirmed and has proved their password."""
    user.confirmed_at = now
    session.flush()
    mail = delete_user(session, UserDeletion(user.id, user.hashed_password), vault=vault, now=now)
    assert mail is not None
    return mail


def join(session, user: User, team: Team, now, role: Role = Role.VIEWER) -> None:
    session.add(Membership(team_id=team.id, user_id=user.id, role=role, inserted_at=now))
    session.flush()


def counts(session, *models: type) -> dict[str, int]:
    found = {each.__name__: session.scalar(select(func.count()).select_from(each)) or 0 for each in models}
    return {name: count for name, count in found.items() if count}


def test_x23_a_deleted_user_leaves_nothing_but_a_last_mail(
    session, alice, add_monitor, begin, mark, vault, noon
) -> None:
    monitor = add_monitor()
    assert check_monitor_now(session, alice, monitor, now=noon)
    begin(session, alice.user)
    deliver_user_reset_password_instructions(session, alice.user, mark, vault=vault, now=noon)
    ask(session, alice, TrialKind.CHANNEL, {"kind": "mail"}, vault=vault, now=noon)

    leave(session, alice.user, vault=vault, now=noon)

    everything = (
        User,
        UserToken,
        UserSession,
        Team,
        Membership,
        Monitor,
        Probe,
        Channel,
        StatusChange,
        Trial,
    )
    assert counts(session, *everything, Delivery) == {"Delivery": 1}
    assert session.scalar(text("SELECT count(*) FROM claims")) == 0


def test_incidents_and_what_was_told_of_them_go_with_the_team(session, alice, vault, noon) -> None:
    # More monitors than are deleted at once.
    fill(session, alice, now=noon, monitors=1_100, interval=600, hours=0.1, days=2, blips=1, flaps=4)
    assert len(counts(session, Incident, Monitor, Probe, StatusChange)) == 4

    leave(session, alice.user, vault=vault, now=noon)

    assert counts(session, Incident, Monitor, Probe, StatusChange) == {}


def test_the_last_mail_outlives_the_user_and_is_erased_once_it_was_sent(session, user, vault, noon) -> None:
    mail = leave(session, user, vault=vault, now=noon)
    assert (mail.to, mail.subject) == ("dora@example.com", "Your account was deleted")
    assert "* dora's team, with its monitors and their history" in mail.text

    (claimed,) = claim_deliveries(session, now=noon, limit=9, channel="mail")
    sent = render(session, claimed, vault=vault, base_url="http://localhost", now=noon)
    assert isinstance(sent, MailOut)
    assert sent.mail == mail
    assert mark_sent(session, claimed, now=noon)
    row = session.scalars(select(Delivery)).one()
    assert (row.event, row.recipient, row.user_id, row.body) == (
        "account.deleted",
        mail.to,
        None,
        None,
    )
    purge_deliveries(session, now=noon + timedelta(days=31))
    assert counts(session, Delivery) == {}


def test_an_address_that_was_never_confirmed_gets_no_last_mail(session, user, vault, noon) -> None:
    """Whoever registers it and deletes that again, and so on, mails somebody else nothing."""
    deletion = UserDeletion(user.id, user.hashed_password)
    assert delete_user(session, deletion, vault=vault, now=noon) is None
    assert counts(session, User, Delivery) == {}


def test_mails_that_were_still_to_be_sent_go_with_the_user(session, user, mark, vault, noon) -> None:
    deliver_user_reset_password_instructions(session, user, mark, vault=vault, now=noon)
    leave(session, user, vault=vault, now=noon)
    (body,) = session.scalars(select(Delivery.body))
    assert json.loads(vault.open(MAIL_PURPOSE, body))["subject"] == "Your account was deleted"


def test_all_sessions_of_the_user_end_and_those_of_others_do_not(
    session, user, charlie, begin, vault, noon
) -> None:
    mine, theirs = [begin(session, user) for _ in "123"], begin(session, charlie.user)
    leave(session, user, vault=vault, now=noon)
    assert [get_user_by_session_token(session, each, now=noon) for each in mine] == [None] * 3
    assert get_user_by_session_token(session, theirs, now=noon) is charlie.user


def test_the_only_owner_of_a_team_with_others_stays(
    session, alice, charlie, add_monitor, vault, noon
) -> None:
    add_monitor()
    join(session, charlie.user, alice.team, noon, Role.ADMIN)
    with pytest.raises(Invalid) as refused:
        leave(session, alice.user, vault=vault, now=noon)
    assert refused.value.fields == {"teams": ["alice's team would be without an owner: hand it over first"]}
    # Nothing was changed, not even half.
    assert counts(session, User, Team, Monitor) == {"User": 2, "Team": 2, "Monitor": 1}
    assert counts(session, Delivery) == {}


def test_where_there_is_another_owner_the_team_goes_on(session, alice, charlie, vault, noon) -> None:
    join(session, charlie.user, alice.team, noon, Role.OWNER)
    mail = leave(session, alice.user, vault=vault, now=noon)
    assert set(session.scalars(select(Team.id))) == {alice.team.id, charlie.team.id}
    assert scope_of(session, charlie.user, alice.team.id).role is Role.OWNER
    assert "alice's team" not in mail.text


def test_deleting_a_guest_leaves_the_team_and_its_people(session, alice, charlie, vault, noon) -> None:
    join(session, charlie.user, alice.team, noon)
    leave(session, charlie.user, vault=vault, now=noon)
    assert list(session.scalars(select(Team.id))) == [alice.team.id]
    assert list(session.scalars(select(Membership.user_id))) == [alice.user.id]


def test_it_is_told_before_what_would_go(session, alice, charlie, new_user, add_monitor, noon) -> None:
    for _ in range(3):
        add_monitor()
    eve = new_user(session, "eve@example.com")
    join(session, alice.user, charlie.team, noon, Role.EDITOR)
    join(session, alice.user, scope_of(session, eve).team, noon, Role.OWNER)
    told = [
        (each.name, each.is_shared, each.lacks_owner, each.monitors)
        for each in teams_left_by(session, alice.user)
    ]
    assert told == [
        ("alice's team", False, False, 3),
        ("charlie's team", True, False, 0),
        ("eve's team", True, False, 0),
    ]
    lacking = [each.name for each in teams_left_by(session, charlie.user) if each.lacks_owner]
    assert lacking == ["charlie's team"]


def test_a_user_without_a_team_is_deleted(session, user, vault, noon) -> None:
    session.delete(scope_of(session, user).team)
    session.flush()
    assert teams_left_by(session, user) == []
    assert "The teams you were in go on" in leave(session, user, vault=vault, now=noon).text
    assert counts(session, User) == {}


@pytest.mark.parametrize("current", ["invalid", "", None, "x" * 100, "\0"])
def test_the_current_password_is_asked(user, errors_of, current: str | None) -> None:
    assert errors_of(prepare_user_deletion, user, current) == {"current_password": ["is not valid"]}


def test_the_right_password_deletes_and_is_not_shown(session, user, vault, noon) -> None:
    deletion = prepare_user_deletion(user, PASSWORD)
    assert "$2b$" not in repr(deletion)
    delete_user(session, deletion, vault=vault, now=noon)
    assert counts(session, User) == {}


def test_a_password_that_was_changed_meanwhile_deletes_nothing(session, user, vault, noon, errors_of) -> None:
    late = prepare_user_deletion(user, PASSWORD)
    user.hashed_password = hash_password("somebody was faster")
    fields = errors_of(delete_user, session, late, vault=vault, now=noon)
    assert fields == {"current_password": ["is not valid"]}
    assert counts(session, User) == {"User": 1}


def test_an_account_is_deleted_once(session, user, vault, noon, errors_of) -> None:
    deletion = prepare_user_deletion(user, PASSWORD)
    user.confirmed_at = noon
    session.flush()
    delete_user(session, deletion, vault=vault, now=noon)
    assert errors_of(delete_user, session, deletion, vault=vault, now=noon)
    assert counts(session, Delivery) == {"Delivery": 1}
