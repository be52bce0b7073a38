"""The channels of a team: two at most, and nobody else's."""

import base64
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from emeter_core.alerts import (
    Channel,
    Delivery,
    draft_channel,
    list_channels,
    open_secret,
    remove_channel,
    rotate_secret,
    save_channel,
)
from emeter_core.errors import Invalid, NotFound
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

MINUTE = timedelta(minutes=1)
HOOK = "https://hooks.example.com/e-meter"


@pytest.fixture(autouse=True)
def _none_yet(session, alice) -> None:
    """Without the one that a new team begins with."""
    remove_channel(session, alice, "mail")


@pytest.fixture
def save(session, alice, vault, noon):  # noqa: ANN201 - a function
    def run(kind: str, target: str, now=noon, scope=alice) -> Channel:
        return save_channel(session, scope, draft_channel(kind, target), vault=vault, now=now)

    return run


def test_a_team_has_a_mail_address_and_a_webhook(session, alice, save, noon) -> None:
    assert list_channels(session, alice) == {}
    mail, hook = save("mail", "ops@example.com"), save("webhook", HOOK)
    assert list_channels(session, alice) == {"mail": mail, "webhook": hook}
    assert (mail.target, mail.enabled, mail.disabled_reason, mail.secret) == (
        "ops@example.com",
        True,
        None,
        None,
    )
    assert (mail.team_id, mail.inserted_at, mail.updated_at) == (alice.team.id, noon, noon)


def test_a_webhook_gets_a_secret_of_its_own_that_lies_encrypted(session, alice, charlie, save, vault) -> None:
    hook, other = save("webhook", HOOK), save("webhook", HOOK, scope=charlie)
    secret = open_secret(hook, vault)
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret != open_secret(other, vault)
    assert b"whsec" not in (hook.secret or b"")
    with pytest.raises(UserError):
        open_secret(hook, Vault("another key of the tests, long enough"))


def test_a_mail_channel_has_no_secret(save, vault) -> None:
    assert open_secret(save("mail", "ops@example.com"), vault) == ""


def test_saving_again_changes_the_target_and_keeps_the_secret(session, alice, save, vault, noon) -> None:
    before = save("webhook", HOOK)
    secret, channel_id = open_secret(before, vault), before.id
    after = save("webhook", "https://new.example.com/", now=noon + MINUTE)
    assert (after.id, after.target, open_secret(after, vault)) == (
        channel_id,
        "https://new.example.com/",
        secret,
    )
    assert (after.inserted_at, after.updated_at) == (noon, noon + MINUTE)
    assert len(list_channels(session, alice)) == 1


def test_saving_switches_on_again_what_was_switched_off(session, save) -> None:
    hook = save("webhook", HOOK)
    session.execute(update(Channel).values(enabled=False, disabled_reason="410"))
    assert save("webhook", HOOK).enabled
    assert hook.disabled_reason is None


def test_what_waits_goes_to_the_new_target_at_once(
    session, save, add_monitor, go_down, claim, deliveries, noon
) -> None:
    save("webhook", HOOK)
    for _ in range(3):
        add_monitor(down_after=1)
    go_down(noon)
    under_way = {each.id for each in claim(noon, "webhook")}
    session.execute(
        update(Delivery).where(Delivery.id.not_in(under_way)).values(next_attempt_at=noon + 600 * MINUTE)
    )
    save("webhook", "https://new.example.com/", now=noon + MINUTE / 2)
    assert {each.recipient for each in deliveries()} == {"https://new.example.com/"}
    assert {each.next_attempt_at for each in deliveries() if each.id in under_way} == {noon + MINUTE}
    assert [each.next_attempt_at for each in deliveries() if each.id not in under_way] == [noon + MINUTE / 2]


def test_what_was_sent_keeps_the_address_it_was_sent_to(
    session, save, add_monitor, go_down, deliveries, noon
) -> None:
    save("mail", "old@example.com")
    add_monitor(down_after=1)
    go_down(noon)
    session.execute(update(Delivery).values(state="sent"))
    save("mail", "new@example.com")
    assert [each.recipient for each in deliveries()] == ["old@example.com"]


def test_removing_gives_up_what_waits_and_keeps_what_was_told(
    session, alice, save, add_monitor, go_down, deliveries, noon
) -> None:
    save("mail", "ops@example.com")
    add_monitor(down_after=1)
    go_down(noon)
    session.execute(update(Delivery).values(state="sent"))
    add_monitor(down_after=1)
    go_down(noon + MINUTE)
    remove_channel(session, alice, "mail")
    assert list_channels(session, alice) == {}
    assert sorted((each.state, each.error, each.channel_id) for each in deliveries()) == [
        ("failed", "The channel was removed.", None),
        ("sent", None, None),
    ]


def test_removing_what_is_not_there_is_well(session, alice) -> None:
    remove_channel(session, alice, "webhook")
    remove_channel(session, alice, "pager")


def test_a_new_secret_counts_at_once(session, alice, save, vault, noon) -> None:
    before = open_secret(save("webhook", HOOK), vault)
    changed = rotate_secret(session, alice, vault=vault, now=noon + MINUTE)
    assert open_secret(changed, vault) != before
    assert changed.updated_at == noon + MINUTE
    assert open_secret(list_channels(session, alice)["webhook"], vault) == open_secret(changed, vault)


def test_without_a_webhook_there_is_no_secret_to_change(session, alice, save, vault, noon) -> None:
    save("mail", "ops@example.com")
    with pytest.raises(NotFound):
        rotate_secret(session, alice, vault=vault, now=noon)


def test_charlie_neither_sees_nor_changes_what_is_alices(session, alice, charlie, save, vault, noon) -> None:
    remove_channel(session, charlie, "mail")
    mine = save("webhook", HOOK)
    secret = open_secret(mine, vault)
    assert list_channels(session, charlie) == {}
    with pytest.raises(NotFound):
        rotate_secret(session, charlie, vault=vault, now=noon)
    remove_channel(session, charlie, "webhook")
    save("webhook", "https://charlie.example.com/", scope=charlie)
    [still] = list_channels(session, alice).values()
    assert (still.id, still.target, open_secret(still, vault)) == (mine.id, HOOK, secret)


def test_the_database_refuses_a_webhook_without_a_secret_and_a_second_one(session, alice, save) -> None:
    save("webhook", HOOK)
    constraints = select(text("conname")).select_from(
        text("pg_constraint WHERE conrelid = 'channels'::regclass")
    )
    assert {"channels_secret_check", "channels_kind_check"} <= set(session.scalars(constraints))


# Drafts.


@pytest.mark.parametrize("email", ["ops@example.com", "  ops+alerts@example.com ", "ü@müller.example"])
def test_an_address_is_taken_as_it_is_without_spaces_around_it(email: str) -> None:
    draft = draft_channel("mail", email)
    assert (draft.kind, draft.target) == ("mail", email.strip())


@pytest.mark.parametrize(
    "email",
    [
        "",
        "  ",
        "ops",
        "a@b@c",
        "a b@c",
        "a@b,c@d",
        "a@b\r\nBcc: x@y",
        "a@b\n",
        "a\0@b",
        "a@\u202eb",
        "\ud800@b",
    ],
)
def test_what_is_no_address_is_refused_at_its_field(email: str) -> None:
    if email == "a@b\n":
        assert draft_channel("mail", email).target == "a@b"
        return
    with pytest.raises(Invalid) as refused:
        draft_channel("mail", email)
    assert set(refused.value.fields) == {"email"}


def test_an_address_has_at_most_160_characters() -> None:
    draft_channel("mail", "a" * 156 + "@b.c")
    with pytest.raises(Invalid, match="should be at most 160"):
        draft_channel("mail", "a" * 157 + "@b.c")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://x/",
        "http://",
        "http://u:p@x/",
        "http://x/ y",
        "http://x:0/",
        "http://\0",
    ],
)
def test_what_is_no_url_is_refused_at_its_field(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        draft_channel("webhook", url)
    assert set(refused.value.fields) == {"url"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        draft_channel("pager", "x")
    assert set(refused.value.fields) == {"kind"}
