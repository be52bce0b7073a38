"""Mails as files: whole or not there, for their owner alone, and nothing else is read."""

import os
import stat
import uuid
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emeter_core.errors import Invalid, NotFound
from emeter_core.mail import Mail, list_mails, message_of, read_mail, write_mail

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "mail"


def names_in(directory: Path) -> list[str]:
    return [each.name for each in directory.iterdir()]


def mail(subject: str = "Down: Shop", to: str = "ops@example.com") -> EmailMessage:
    return message_of(
        Mail(to, subject, "Text\n", "<p>Text</p>"),
        sender="e@example.com",
        message_id=uuid.uuid4(),
        date=NOON,
    )


def test_a_mail_is_a_file_for_its_owner_alone(directory: Path) -> None:
    name = write_mail(directory, mail(), now=NOON)
    assert name == "20261123T120000123456Z-ops@example.com.eml"
    assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert names_in(directory) == [name]


def test_what_was_written_is_read(directory: Path) -> None:
    name = write_mail(directory, mail("Grüße 🦉"), now=NOON)
    read = read_mail(directory, name)
    assert (str(read["Subject"]), str(read["To"])) == ("Grüße 🦉", "ops@example.com")
    text = read.get_body(("plain",))
    assert text is not None
    assert text.get_content() == "Text\n"


def test_the_newest_mails_are_listed_first(directory: Path) -> None:
    for number in range(5):
        write_mail(directory, mail(f"Mail {number}"), now=NOON + timedelta(seconds=number))
    listed = list_mails(directory, limit=3)
    assert [each.subject for each in listed] == ["Mail 4", "Mail 3", "Mail 2"]
    assert [each.date for each in listed] == [NOON + timedelta(seconds=number) for number in (4, 3, 2)]
    assert {each.to for each in listed} == {"ops@example.com"}
    assert str(read_mail(directory, listed[0].name)["Subject"]) == "Mail 4"


def test_no_mail_covers_another_of_the_same_moment(directory: Path) -> None:
    names = {write_mail(directory, mail(str(number)), now=NOON) for number in range(5)}
    assert len(names) == 5
    assert [each.subject for each in list_mails(directory)] == ["4", "3", "2", "1", "0"]


def test_times_are_told_in_utc(directory: Path) -> None:
    there = NOON.astimezone(datetime.strptime("+0200", "%z").tzinfo)
    assert write_mail(directory, mail(), now=there).startswith("20261123T120000123456Z-")


def test_before_the_first_mail_there_is_none(directory: Path) -> None:
    assert list_mails(directory) == []
    with pytest.raises(NotFound):
        read_mail(directory, "20261123T120000123456Z-ops@example.com.eml")


def test_a_mail_that_is_not_whole_is_not_there(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_mail(directory, mail(), now=NOON)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_mail(directory, mail(), now=NOON)
    assert len(names_in(directory)) == 1


def test_what_is_unfinished_or_somebody_elses_is_not_listed(directory: Path) -> None:
    write_mail(directory, mail(), now=NOON)
    for name in (
        ".0123.unfinished",
        "notes.txt",
        "99999999T999999999999Z-x.eml",
        "20261123T120000123456Z-x.eml.bak",
    ):
        (directory / name).write_text("Subject: hush\n\n")
    (directory / "20261123T120000123456Z-directory.eml").mkdir()
    (directory / "20261123T120000123456Z-link.eml").symlink_to(directory / "notes.txt")
    os.mkfifo(directory / "20261123T120000123456Z-pipe.eml")
    listed = list_mails(directory)
    assert [each.subject for each in listed if each.subject != "None"] == ["Down: Shop"]
    with pytest.raises(NotFound):
        read_mail(directory, "20261123T120000123456Z-link.eml")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret_key",
        "/etc/passwd",
        "20261123T120000123456Z-../../secret_key",
        "20261123T120000123456Z-../x.eml",
        "20261123T120000123456Z-x.eml\0",
        "20261123T120000123456Z-x.eml\n",
        "20261123T120000123456Z-x.eml/..",
        "\N{FULLWIDTH DIGIT TWO}0261123T120000123456Z-x.eml",
        "20261123T120000123456Z-.eml",
    ],
)
def test_a_name_that_is_none_of_ours_is_nowhere(directory: Path, name: str) -> None:
    directory.mkdir()
    (directory.parent / "secret_key").write_text("Subject: hush\n\n")
    with pytest.raises(NotFound):
        read_mail(directory, name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.from_regex(r"\d{8}T\d{12}Z-[./\\a\0]{1,10}\.eml"))
def test_no_name_leads_out_of_the_directory(directory: Path, name: str) -> None:
    directory.mkdir(exist_ok=True)
    with pytest.raises(NotFound):
        read_mail(directory, name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.from_regex(r"[^@,;\s\0]{1,99}@[^@,;\s\0]{1,99}", fullmatch=True))
def test_whatever_the_recipient_the_file_lies_in_the_directory_and_is_listed(tmp_path: Path, to: str) -> None:
    try:
        message = mail(to=to)
    except Invalid:
        return
    directory = tmp_path / uuid.uuid4().hex
    name = write_mail(directory, message, now=NOON)
    assert names_in(directory) == [name]
    [listed] = list_mails(directory)
    assert (listed.name, listed.date, unquoted(listed.to)) == (name, NOON, unquoted(to))


def unquoted(address: str) -> str:
    return address.replace('"', "").replace("\\", "")


def test_a_file_that_nobody_can_read_is_left_out(directory: Path) -> None:
    write_mail(directory, mail(), now=NOON)
    for number, head in enumerate(
        ['To: "', "To: <", "To: a@[", "Subject: =?utf-8?b?x", "\udcff: \udcff", "\n"]
    ):
        odd = directory / f"20261124T12000012345{number}Z-odd.eml"
        odd.write_bytes(f"{head}\n\nx".encode("utf-8", "surrogateescape"))
    assert "Down: Shop" in [each.subject for each in list_mails(directory)]
