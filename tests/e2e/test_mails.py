"""Mails that arrive, by a real mail server, and leave no token behind: in no table, no log, no file."""

import re
import socket
from collections.abc import Callable

from harness.emeter import Emeter
from harness.leaks import Secret, files_that_tell, keys_that_tell, tables_that_tell, tables_with
from harness.mail_server import MailServer, mail_server
from harness.pages import Person

DORA, NEW, GONE, PASSWORD = (
    "dora@example.com",
    "new@example.com",
    "gone@example.com",
    "a long password of Dora",
)
LINKS = {
    "confirm": (DORA, "Confirmation instructions"),
    "reset_password": (DORA, "Reset password instructions"),
    "settings/confirm_email": (NEW, "Update email instructions"),
}


def test_links_arrive_though_they_are_refused_at_first_and_no_token_is_left(
    new_emeter: Callable[..., Emeter],
) -> None:
    with mail_server(GONE) as server:
        emeter = new_emeter(SMTP_URL=server.url).start()
        dora = ask_for_all(emeter)
        settled = "SELECT count(*) FROM deliveries WHERE state <> 'pending'"
        emeter.wait_until(lambda: emeter.rows(settled) == [(4,)], 30, "all mails")
        paths = {name: path_in(server, *mail) for name, mail in LINKS.items()}
        secrets = [Secret(path.rpartition("/")[2]) for path in paths.values()]

        # The search finds what there is to find.
        assert all(tables_with(emeter, each.digest.hex().encode()) == ["users_tokens"] for each in secrets)
        assert_nothing_is_told(emeter, secrets)

        follow(emeter, dora, paths)
        assert_nothing_is_told(emeter, secrets)

    said = emeter.said()
    assert said.count("The mail server answered 451 4.7.1 not without a closer look at …") == 3
    assert emeter.rows("SELECT state, attempts FROM deliveries WHERE recipient = :gone", gone=GONE) == [
        ("failed", 1)
    ]
    assert emeter.rows("SELECT count(*) FROM deliveries WHERE body IS NOT NULL") == [(0,)]
    emeter.stop()


def ask_for_all(emeter: Emeter) -> Person:
    """Have the three kinds of link mailed to Dora, and one to somebody whose mailbox is gone."""
    here = f"http://127.0.0.1:{emeter.port}"
    dora, forgetful, gone = (Person(here) for _ in range(3))
    dora.register(DORA, PASSWORD)
    page = "/users/settings"
    dora.submit(page, page, _method="put", action="update_email", email=NEW, current_password=PASSWORD)
    forgetful.submit("/users/reset_password", "/users/reset_password", email=DORA)
    gone.register(GONE, PASSWORD)
    return dora


def path_in(server: MailServer, address: str, subject: str) -> str:
    """Where the link of a mail leads."""
    found = re.search(r"^http://localhost:\d+(/users/\S+)$", server.text_to(address, subject), re.MULTILINE)
    assert found
    return found[1]


def follow(emeter: Emeter, dora: Person, paths: dict[str, str]) -> None:
    """Open each link, as a browser does and as one that is broken, and use all of them."""
    for path in paths.values():
        # A line without a version is no request, and is logged as such.
        with socket.create_connection(("127.0.0.1", emeter.port), 10) as broken:
            broken.sendall(f"GET {path}\r\n\r\n".encode())
            assert b" 400 " in broken.recv(4096)
    assert "confirmed successfully" in dora.get(paths["confirm"]).text
    forgetful = Person(dora.base_url)
    reset = paths["reset_password"]
    fields = {"password": f"{PASSWORD}!", "password_confirmation": f"{PASSWORD}!"}
    assert "Password reset successfully" in forgetful.submit(reset, reset, _method="put", **fields).text
    forgetful.log_in(DORA, f"{PASSWORD}!")
    forgetful.get(paths["settings/confirm_email"])


def assert_nothing_is_told(emeter: Emeter, secrets: list[Secret]) -> None:
    for each in secrets:
        assert tables_that_tell(emeter, each) == []
        assert keys_that_tell(emeter, each) == []
        assert files_that_tell(emeter, each) == []
