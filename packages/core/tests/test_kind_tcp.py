"""The kind `tcp`: what its targets and settings may be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from emeter_core.errors import Invalid
from emeter_core.monitors import create_monitor, described, draft_monitor, open_settings
from emeter_core.monitors.kinds.tcp import TcpSettings, clean_target
from emeter_core.outcome import Reason


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("example.com:25", "tcp://example.com:25"),
        (" tcp://Example.com:25/ ", "tcp://example.com:25"),
        ("TCP://localhost:1", "tcp://localhost:1"),
        ("192.0.2.1:65535", "tcp://192.0.2.1:65535"),
        ("[2001:db8::1]:443", "tcp://[2001:db8::1]:443"),
        ("bücher.example:1", "tcp://bücher.example:1"),
        ("example.com.:25", "tcp://example.com.:25"),
    ],
)
def test_a_host_and_a_port_are_a_target(typed: str, target: str) -> None:
    assert clean_target(typed) == target


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("example.com", "must name a port, as in example.com:25"),
        ("2001:db8::1", "must name a port, as in example.com:25"),
        ("example.com:0", "must have a port between 1 and 65535"),
        ("example.com:65536", "must have a port between 1 and 65535"),
        ("example.com:smtp", "must have a port between 1 and 65535"),
        ("https://example.com/", "must be like example.com:25: https:// is of another kind"),
        ("tcp://user@example.com:25", "must be like example.com:25, with nothing else"),
        ("example.com:25/path", "must be like example.com:25, with nothing else"),
        ("example.com:25?a", "must be like example.com:25, with nothing else"),
        (":25", "must be like example.com:25, with nothing else"),
        ("exam ple.com:25", "must not hold spaces or control characters"),
        ("a..b:25", "must name a host without empty parts: two dots follow each other, or one begins it"),
        ("[::1:25", "is not a valid URL: Invalid IPv6 URL"),
        ("a" * 2049, "has 2,049 bytes: at most 2,048 are taken"),
    ],
)
def test_anything_else_is_told_why_not(typed: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"must|has|is not") as caught:
        clean_target(typed)
    assert str(caught.value) == message


@given(st.one_of(st.text(), st.from_regex(r"(tcp://)?[^/:]*(:[0-9]*)?/?", fullmatch=True)))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    with suppress(ValueError):
        target = clean_target(text)
        assert clean_target(target) == target
        assert target.startswith("tcp://")


def test_what_is_said_and_expected_is_kept_as_it_can_be_read() -> None:
    chosen = TcpSettings(send="PING\r\n", expect=r"\x2bPONG")
    assert (chosen.send, chosen.expect) == (r"PING\r\n", "+PONG")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("send", "x" * 4097, "should be at most 4,096 bytes"),
        ("send", "é" * 2049, "should be at most 4,096 bytes"),
        ("expect", "x" * 1025, "should be at most 1,024 bytes"),
        ("expect", "\\", "has a backslash that begins no escape, at character 1"),
        ("tls", "perhaps", "must be true or false"),
        ("send", "\ud800", "must be text"),
        ("ip_family", "ipv5", "must be any, ipv4 or ipv6"),
        ("method", "GET", "is unknown to the kind tcp"),
    ],
)
def test_every_setting_has_its_bounds(field: str, value: object, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        draft_monitor(target="a:1", kind="tcp", settings={field: value})
    assert caught.value.fields[field][0].startswith(message)


@given(st.binary(max_size=4096))
def test_whatever_may_be_said_can_be_stored_and_read_again(data: bytes) -> None:
    text = "".join(f"\\x{byte:02x}" for byte in data)
    chosen = TcpSettings(send=text)
    assert "\0" not in chosen.send
    assert TcpSettings.model_validate(chosen.model_dump(mode="json")) == chosen


def test_what_is_said_is_a_secret() -> None:
    assert "hush" not in repr(TcpSettings(send="hush"))
    with pytest.raises(ValidationError) as caught:
        TcpSettings(send=["hush"])
    assert "hush" not in str(caught.value)


def test_it_is_stored_and_told(session, alice, vault, noon) -> None:
    draft = draft_monitor(target="mx.example.com:25", kind="tcp", settings={"send": "QUIT", "tls": True})
    made = create_monitor(session, alice, draft, vault=vault, now=noon)
    session.refresh(made)
    assert (made.name, made.target, made.kind) == ("mx.example.com", "tcp://mx.example.com:25", "tcp")
    assert made.settings == {"tls": True}
    assert open_settings(made, vault) == draft.settings
    assert described(made) == "TCP with TLS"


def test_what_was_expected_goes_with_a_failure_by_it() -> None:
    chosen = TcpSettings(expect="220")
    assert chosen.expected(Reason.ANSWER_UNEXPECTED) == {"keyword": "220"}
    assert chosen.expected(Reason.TIMEOUT) == {}
