"""Another e-mail: asked for with the password, proved by a link, told to the old address."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from emeter_core.accounts import (
    EmailChange,
    Membership,
    Registration,
    User,
    apply_user_email,
    change_user_email,
    deliver_update_email_instructions,
    get_user_by_email,
    register_user,
    scope_of,
    tokens,
    update_user_email,
)
from emeter_core.alerts import Channel, Delivery, draft_channel, save_channel
from emeter_core.errors import NotFound

EMAIL, PASSWORD, NEW = "dora@example.com", "hello world!", "new@example.com"
DAYS_7 = timedelta(days=7)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ask(session, mark, token_in, vault, noon) -> Callable[..., str]:
    """Ask for another e-mail: the token that is mailed."""

    def ask(user: User, email: str = NEW) -> str:
        change = EmailChange(user, user.email, email)
        return token_in(deliver_update_email_instructions(session, change, mark, vault=vault, now=noon))

    return ask


@pytest.fixture
def follow(session, vault, noon) -> Callable[..., bool]:
    """Follow a link, signed in as a user: whether the e-mail was changed."""
    return lambda user, token, now=noon: update_user_email(session, user, token, vault=vault, now=now)


def test_a15_a_form_says_what_is_required(session, user) -> None:
    assert change_user_email(session, user, {}).required == ("email",)


def test_a_form_keeps_a_new_email(session, user) -> None:
    changes = change_user_email(session, user, {"email": NEW, "confirmed_at": "now"})
    assert changes.is_valid
    assert changes.changes == {"email": NEW}


def test_a16_an_email_must_be_given(session, user, errors_of) -> None:
    changes = change_user_email(session, user, {})
    assert errors_of(apply_user_email, user, PASSWORD, changes) == {"email": ["did not change"]}


def test_a17_an_email_is_validated(session, user, errors_of) -> None:
    changes = change_user_email(session, user, {"email": "not valid"})
    fields = errors_of(apply_user_email, user, PASSWORD, changes)
    assert fields == {"email": ["must have the @ sign and no spaces"]}


def test_a18_an_email_has_a_maximum(session, user, errors_of) -> None:
    changes = change_user_email(session, user, {"email": "db" * 100})
    fields = errors_of(apply_user_email, user, PASSWORD, changes)
    assert "should be at most 160 character(s)" in fields["email"]


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com"])
def test_a19_an_email_is_taken_once(session, user, alice, errors_of, email: str) -> None:
    changes = change_user_email(session, user, {"email": email})
    fields = errors_of(apply_user_email, user, PASSWORD, changes)
    assert fields == {"email": ["has already been taken"]}


def test_a20_the_current_password_is_asked(session, user, errors_of) -> None:
    changes = change_user_email(session, user, {"email": NEW})
    fields = errors_of(apply_user_email, user, "invalid", changes)
    assert fields == {"current_password": ["is not valid"]}


@pytest.mark.parametrize("current", [None, "", "x" * 100])
def test_no_password_and_an_overlong_one_are_wrong(session, user, errors_of, current: str | None) -> None:
    changes = change_user_email(session, user, {"email": NEW})
    fields = errors_of(apply_user_email, user, current, changes)
    assert fields == {"current_password": ["is not valid"]}


def test_what_is_wrong_with_email_and_password_is_told_together(session, user, alice, errors_of) -> None:
    changes = change_user_email(session, user, {"email": "alice@example.com"})
    assert errors_of(apply_user_email, user, "invalid", changes) == {
        "email": ["has already been taken"],
        "current_password": ["is not valid"],
    }


@pytest.mark.parametrize(
    ("email", "messages"),
    [
        (EMAIL, ["did not change"]),
        ("", ["did not change", "can't be blank"]),
        (" ", ["did not change", "can't be blank"]),
        (None, ["did not change", "can't be blank"]),
        (7, ["did not change", "is invalid"]),
    ],
)
def test_of_the_errors_the_last_rule_comes_first(session, user, email: object, messages: list[str]) -> None:
    changes = change_user_email(session, user, {"email": email})
    assert changes.errors == {"email": messages}
    assert not changes.is_valid


def test_a21_an_email_is_applied_and_not_saved(session, user) -> None:
    changes = change_user_email(session, user, {"email": NEW})
    change = apply_user_email(user, PASSWORD, changes)
    assert (change.user, change.current_email, change.email) == (user, EMAIL, NEW)
    session.refresh(user)
    assert user.email == EMAIL


def test_a22_the_link_is_mailed_and_kept_as_its_digest(
    session, user, mark, token_in, row_of, tokens_of, vault, noon
) -> None:
    change = EmailChange(user, "current@example.com", NEW)
    mail = deliver_update_email_instructions(session, change, mark, vault=vault, now=noon)
    row = row_of(token_in(mail))
    assert tokens_of(user) == [row]
    assert (row.user_id, row.sent_to, row.context) == (user.id, NEW, "change:current@example.com")
    assert (mail.to, mail.subject) == (NEW, "Update email instructions")


def test_a23_the_link_changes_the_email_and_confirms_it(session, user, ask, follow, tokens_of, noon) -> None:
    user.confirmed_at = noon - DAYS_7
    token = ask(user)
    assert follow(user, token)
    session.refresh(user)
    assert (user.email, user.confirmed_at, user.updated_at) == (NEW, noon, noon)
    assert get_user_by_email(session, EMAIL) is None
    assert tokens_of(user) == []


@pytest.mark.parametrize("token", ["oops", "", "oo!ps", "é", "\ud800", "a", "=", "x" * 100_000])
def test_a24_any_other_link_changes_nothing(session, user, ask, follow, tokens_of, token: str) -> None:
    ask(user)
    assert not follow(user, token)
    session.refresh(user)
    assert user.email == EMAIL
    assert len(tokens_of(user)) == 1


def test_a25_a_link_of_an_email_ago_changes_nothing(session, user, ask, follow, tokens_of) -> None:
    token = ask(user)
    assert not follow(User(id=user.id, email="current@example.com"), token)
    assert (user.email, len(tokens_of(user))) == (EMAIL, 1)


def test_a25_a_link_serves_only_the_email_that_is_stored(session, user, ask, follow, tokens_of) -> None:
    token = ask(user)
    stale = User(id=user.id, email=EMAIL)
    user.email = "changed@example.com"
    session.flush()
    assert not follow(stale, token)
    assert (user.email, len(tokens_of(user))) == ("changed@example.com", 1)


def test_a26_an_expired_link_changes_nothing(user, ask, follow, tokens_of, expire) -> None:
    token = ask(user)
    expire()
    assert not follow(user, token)
    assert (user.email, user.confirmed_at, len(tokens_of(user))) == (EMAIL, None, 1)


@pytest.mark.parametrize("late", [-SECOND, timedelta(0), SECOND])
def test_x24_a_link_is_good_for_7_days(user, ask, follow, noon, late: timedelta) -> None:
    assert follow(user, ask(user), noon + DAYS_7 + late) is (late < timedelta(0))


def test_a_link_changes_the_email_of_whoever_asked_and_of_nobody_else(
    session, user, alice, ask, follow
) -> None:
    token = ask(user)
    assert not follow(alice.user, token)
    # Nor where somebody has the e-mail that the asker had.
    user.email = "other@example.com"
    session.flush()
    alice.user.email = EMAIL
    session.flush()
    assert not follow(alice.user, token)
    assert alice.user.email == EMAIL


def test_x05_the_case_of_an_email_can_be_changed(session, user, ask, follow, errors_of) -> None:
    changes = change_user_email(session, user, {"email": "Dora@Example.com"})
    change = apply_user_email(user, PASSWORD, changes)
    assert follow(user, ask(user, change.email))
    session.refresh(user)
    assert user.email == "Dora@Example.com"


def test_x06_an_email_that_was_taken_meanwhile_keeps_the_link(
    session, user, ask, follow, tokens_of, new_user
) -> None:
    token = ask(user)
    other = new_user(session, NEW.upper())
    assert not follow(user, token)
    session.refresh(user)
    assert (user.email, user.confirmed_at, len(tokens_of(user))) == (EMAIL, None, 1)
    # So the link serves once the other one is gone.
    session.delete(other)
    session.flush()
    assert follow(user, token)


def test_x06_an_email_that_is_taken_in_the_same_instant_keeps_the_link(
    sessions, new_user, mark, token_in, vault, noon
) -> None:
    with sessions.begin() as session:
        user = new_user(session)
        change = EmailChange(user, EMAIL, NEW)
        token = token_in(deliver_update_email_instructions(session, change, mark, vault=vault, now=noon))

    def be_faster(*_flush: object) -> None:
        with sessions.begin() as fast:
            register_user(fast, Registration(NEW, user.hashed_password), now=noon)

    with sessions.begin() as slow:
        event.listen(slow, "before_flush", be_faster, once=True)
        assert not update_user_email(slow, user, token, vault=vault, now=noon)
        assert slow.get_one(User, user.id).email == EMAIL
    with sessions() as session:
        kept = session.get_one(User, user.id)
        assert (kept.email, kept.confirmed_at) == (EMAIL, None)
        # Nobody was told of a change, and the link is there.
        assert len(session.scalars(select(Delivery)).all()) == 1
        assert len(session.scalars(select(tokens.UserToken)).all()) == 1


def test_other_tokens_survive_a_change_of_the_email(session, user, ask, follow, begin, tokens_of) -> None:
    begin(session, user)
    first, second = ask(user), ask(user, "second@example.com")
    assert follow(user, first)
    assert [row.context for row in tokens_of(user)] == ["session"]
    assert not follow(user, second)
    assert user.email == NEW


def test_the_old_email_is_told(session, user, ask, follow) -> None:
    token = ask(user)
    assert follow(user, token)
    told = select(Delivery.event, Delivery.recipient, Delivery.user_id)
    assert set(session.execute(told).all()) == {
        ("account.email_change", NEW, user.id),
        ("account.email_changed", EMAIL, user.id),
    }


@pytest.fixture
def addresses(session) -> Callable[[], dict[str, str]]:
    """Where the mail channel of each team leads, by the team's owner of the tests."""
    found = (
        select(User.email, Channel.target)
        .join(Membership, (Membership.user_id == User.id) & (Membership.role == "owner"))
        .join(Channel, (Channel.team_id == Membership.team_id) & (Channel.kind == "mail"))
    )
    return lambda: dict(map(tuple, session.execute(found)))


@pytest.mark.parametrize("told", [EMAIL, EMAIL.upper()])
def test_alerts_follow_to_the_new_email(
    session, user, ask, follow, addresses, vault, noon, told: str
) -> None:
    save_channel(session, scope_of(session, user), draft_channel("mail", told), vault=vault, now=noon)
    assert follow(user, ask(user))
    assert addresses() == {NEW: NEW}


def test_alerts_that_go_elsewhere_stay_there(
    session, user, alice, ask, follow, addresses, vault, noon
) -> None:
    """A mailbox of the team's, and the channel of a team in which the user is a guest."""
    save_channel(session, scope_of(session, user), draft_channel("mail", "ops@x.org"), vault=vault, now=noon)
    save_channel(session, alice, draft_channel("mail", EMAIL), vault=vault, now=noon)
    session.add(Membership(team_id=alice.team.id, user_id=user.id, role="admin", inserted_at=noon))
    session.flush()
    assert follow(user, ask(user))
    assert addresses() == {NEW: "ops@x.org", "alice@example.com": EMAIL}


def test_an_email_that_is_refused_moves_no_alerts(user, ask, follow, addresses) -> None:
    ask(user)
    assert not follow(user, "oops")
    assert addresses() == {EMAIL: EMAIL}


def test_what_waits_for_a_mailbox_that_is_shut_goes_to_the_new_one_at_once(
    session, user, ask, follow, noon
) -> None:
    channel = session.scalars(select(Channel)).one()
    channel.enabled, channel.disabled_reason = False, "550 5.2.1 mailbox is shut"
    common = {"team_id": channel.team_id, "channel_id": channel.id, "channel": "mail", "recipient": EMAIL}
    late = {"next_attempt_at": noon + DAYS_7, "inserted_at": noon}
    session.add(Delivery(**common, **late, event="incident.opened", state="pending"))
    session.add(Delivery(**common, **late, event="incident.resolved", state="sent"))
    session.flush()
    assert follow(user, ask(user), noon + SECOND)
    session.expire_all()
    assert (channel.target, channel.enabled, channel.disabled_reason) == (NEW, True, None)
    told = {
        each.event: each for each in session.scalars(select(Delivery).where(Delivery.channel_id.is_not(None)))
    }
    assert (told["incident.opened"].recipient, told["incident.opened"].next_attempt_at) == (
        NEW,
        noon + SECOND,
    )
    assert told["incident.resolved"].recipient == EMAIL


def test_a_link_is_not_mailed_once_the_password_is_another(session, user, ask, tokens_of) -> None:
    stale = User(id=user.id, email=user.email, hashed_password="another")
    with pytest.raises(NotFound):
        ask(stale)
    assert tokens_of(user) == []


def test_a_user_that_is_gone_changes_no_email(session, user, ask, follow) -> None:
    token = ask(user)
    session.delete(user)
    session.flush()
    assert not follow(user, token)
