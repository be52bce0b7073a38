"""What a user sends in secret never comes back in evidence, wherever a server echoes it."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emeter_checker.kinds.evidence import BODY_READ, without_secrets
from emeter_checker.kinds.hider import Hider
from emeter_checker.kinds.http.body import Body
from emeter_checker.kinds.http.evidence import headers
from emeter_checker.kinds.http.request import make_request, prepare
from emeter_checker.kinds.http.secrets import secrets_of
from emeter_checker.kinds.http.target import read_target
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds.http import HttpSettings, Method

# Without the letters of "[hidden]", which would be found in what stands for a secret.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="[hiden]\0\N{REPLACEMENT CHARACTER}")
SECRET = st.text(CHARACTERS, min_size=6, max_size=60).filter(lambda text: len(text.strip()) >= 6)
AROUND = st.text(CHARACTERS, max_size=30)
PLACE = st.integers(0, 30) | st.integers(960, 1040) | st.integers(1990, 2060)
TOKEN = "abcdef-1234567"


def shown_body(data: bytes, secrets: set[str], kept: int = 2048, content_type: bytes = b"text/plain") -> str:
    body = Body()
    body.begin(10_000, kept, frozenset())
    body.lines.extend([b"HTTP/1.1 500 X\r\n", b"Content-Type: %s\r\n" % content_type, b"\r\n"])
    body.write(data)
    text = body.text(BODY_READ)
    return str(without_secrets({"body": text}, secrets).get("body", ""))


@given(SECRET, PLACE, AROUND, st.sampled_from([1024, 2048, 10_000]))
def test_an_echoed_secret_is_never_shown_in_a_body(secret, place, around, kept) -> None:
    assume(secret not in "." * place + around)
    data = ("." * place + secret + around + secret).encode()
    shown = shown_body(data, secrets_of((("X-Key", secret),), b""), kept)
    assert secret not in shown
    assert len(shown) <= 1024


@given(st.text("abcdef", min_size=6, max_size=6), st.integers(1015, 1030) | st.integers(2035, 2055))
def test_no_beginning_of_a_secret_is_shown_at_the_cut(secret, place) -> None:
    assume(secret not in secret[1:] + secret[:-1])
    for kept in (1024, 2048):
        assert secret[:4] not in shown_body(b"." * place + secret.encode(), {secret}, kept)


@given(SECRET, st.integers(0, 30) | st.integers(2030, 2060) | st.integers(4080, 4100), AROUND)
def test_an_echoed_secret_is_never_shown_in_headers(secret, place, around) -> None:
    line = b"X-Echo: " + ("." * place + secret + around).encode()
    shown = {"headers": headers([b"HTTP/1.1 500 X\r\n", line, b"\r\n"])}
    text = str(without_secrets(shown, secrets_of((), secret.encode()))["headers"][0][1])
    assert secret not in text
    assert secret.encode().decode("latin-1") not in text


@given(st.lists(st.text("ab", min_size=6, max_size=9), max_size=5), st.text("ab", max_size=60))
def test_no_secret_remains_where_they_overlap(secrets, text) -> None:
    hider = Hider(secrets)
    for cut in (False, True):
        assert not [secret for secret in secrets if secret in hider.hide(text, cut=cut)]


@pytest.mark.parametrize(
    ("fields", "body", "found"),
    [
        ((("Authorization", f"Bearer {TOKEN}"),), "", {f"Bearer {TOKEN}", TOKEN, "Bearer"}),
        ((("X-A", "1"), ("Accept", "*/*")), "", set()),
        ((), "hunter2-is-it", {"hunter2-is-it"}),
        ((), "user=x&password=p%40ssword", {"user=x&password=p%40ssword", "p@ssword"}),
        ((), '{"a": [{"password": "hunter22"}, 1, null]}', {"hunter22"}),
        ((), '{"password": "hunter22", "password": "hunter33"}', {"hunter22", "hunter33"}),
        ((), "[" * 60_000, {"[" * 60_000}),
        ((), "short", set()),
    ],
)
def test_what_is_secret(fields, body, found) -> None:
    secrets = secrets_of(fields, body.encode())
    assert found <= secrets
    assert secrets <= found | {body}


@pytest.mark.parametrize("secret", ['pa"ss\\word', "pass&word<", "a+b/c==d", "pässwörd"])
@pytest.mark.parametrize(
    "echo",
    [
        json.dumps,
        html.escape,
        lambda text: quote(text, safe=""),
        lambda text: json.dumps(text, ensure_ascii=False),
    ],
)
def test_a_secret_is_found_as_servers_write_it(secret, echo) -> None:
    assert echo(secret).strip('"') not in shown_body(echo(secret).encode(), {secret})
    assert "[hidden]" in shown_body(echo(secret).encode(), {secret})


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16-le"])
def test_a_secret_is_found_in_every_charset(charset) -> None:
    data = "xx pässwörd xx".encode("utf-8" if charset == "iso-8859-1" else charset)
    shown = shown_body(data, {"pässwörd"}, content_type=b"text/plain; charset=" + charset.encode())
    assert shown == "xx [hidden] xx"


def test_texts_without_secrets_stay() -> None:
    hider = Hider({"secret-1"})
    assert hider.hide("a text, sec", cut=True) == "a text, sec"
    assert hider.hide("secret-2 and secr") == "secret-2 and secr"
    assert hider.hide("a secret-", cut=True) == "a [hidden]"


def test_what_is_made_of_secrets_does_not_show_them() -> None:
    settings = HttpSettings(headers=(("X-Key", TOKEN),), body=TOKEN, method=Method.POST)
    prepared = prepare(CheckSpec(1, 1, "http", "http://one.test/", 5, settings))
    request = make_request("POST", read_target("http://one.test/"), settings.headers, TOKEN.encode())
    assert TOKEN not in f"{prepared!r} {request!r}"
    assert "one.test" in repr(request)
