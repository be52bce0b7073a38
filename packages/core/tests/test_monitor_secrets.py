"""Credentials of people in their monitors: in the row they are ciphertext."""

import pytest
from sqlalchemy import text

from emeter_core.monitors import Monitor, draft_monitor, open_settings, update_monitor
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

PLAIN = draft_monitor(target="http://example.com/")
SECRET = "Bearer s3cr3t-of-alice"


@pytest.fixture
def secretive(add_monitor) -> Monitor:
    """A monitor with credentials in a header and in its body."""
    chosen = {
        "method": "POST",
        "headers": [["Authorization", SECRET]],
        "body": f"key={SECRET}",
        "keyword": "ok",
    }
    monitor: Monitor = add_monitor(settings=chosen)
    return monitor


def test_headers_and_body_lie_encrypted_in_the_row(session, secretive) -> None:
    [row] = session.execute(text("SELECT CAST(m AS text), secrets FROM monitors m")).all()
    for plain in (SECRET, "Authorization", "s3cr3t"):
        assert plain not in row[0]
        assert plain.encode() not in bytes(row[1])
        assert plain.encode().hex() not in row[0]
    assert secretive.settings == {"method": "POST", "keyword": "ok"}


def test_what_is_encrypted_can_be_read_with_the_key(session, secretive, vault) -> None:
    session.refresh(secretive)
    settings = open_settings(secretive, vault)
    assert settings.model_dump()["headers"] == (("Authorization", SECRET),)
    assert settings.model_dump()["body"] == f"key={SECRET}"
    assert settings.model_dump()["keyword"] == "ok"


def test_what_is_encrypted_cannot_be_read_with_another_key(secretive) -> None:
    with pytest.raises(UserError, match="cannot be read with this SECRET_KEY"):
        open_settings(secretive, Vault("another secret, as long as the first"))


def test_an_update_without_secrets_forgets_them(session, alice, vault, secretive, noon) -> None:
    update_monitor(session, alice, secretive, PLAIN, vault=vault, now=noon)
    session.refresh(secretive)
    assert secretive.secrets is None
    assert open_settings(secretive, vault) == PLAIN.settings
