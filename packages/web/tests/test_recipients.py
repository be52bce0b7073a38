"""Where a message went, as it is shown to those who may not see secrets."""

import pytest

from emeter_core.accounts import Role
from emeter_core.scope import Scope
from emeter_web.shown.recipients import host_of, recipients

HOOK = "https://hooks.example.com/T024/B099"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (HOOK, "hooks.example.com"),
        ("https://me:secret@hooks.example.com:8443/x?key=1#y", "hooks.example.com:8443"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]:80"),
    ],
)
def test_of_a_url_the_host_is_left(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("role", "shown"),
    [(Role.VIEWER, "hooks.example.com"), (Role.EDITOR, "hooks.example.com"), (Role.ADMIN, HOOK)],
)
def test_a_webhook_is_shown_whole_to_those_who_see_secrets(role: Role, shown: str) -> None:
    recipient = recipients(Scope(None, None, role))  # type: ignore[arg-type]  # the role alone counts here
    assert recipient("webhook", HOOK) == shown
    assert recipient("mail", "dora@example.com") == "dora@example.com"
