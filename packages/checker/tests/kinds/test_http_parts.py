"""The pure parts of the `http` kind: fields, bodies, phases, evidence."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.kinds import evidence
from emeter_checker.kinds.host import BadTarget
from emeter_checker.kinds.http import evidence as http_evidence
from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.body import Body, Stop
from emeter_checker.kinds.http.keyword import Search, charset
from emeter_checker.kinds.http.redirects import follow
from emeter_checker.kinds.http.request import make_request
from emeter_checker.kinds.http.target import read_target
from emeter_checker.kinds.http.transfer import split

INSTANT = st.integers(0, 10**8)
LINES = [
    b"HTTP/1.1 103 Early Hints\r\n",
    b"Location: /early\r\n",
    b"\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"Location: /late\r\n",
    b'Content-Type: text/html; Charset="ISO-8859-1"\r\n',
    b"\r\n",
    b"Location: /trailer\r\n",
]


def test_the_last_answer_counts() -> None:
    assert fields.values(LINES, b"location") == [b"/late"]
    assert fields.code(LINES) == 302
    assert fields.said(LINES) == "302 Found"
    assert fields.charset(LINES) == "iso-8859-1"


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_lines_are_read(lines) -> None:
    fields.final_block(lines)
    fields.charset(lines)
    fields.said(lines)
    fields.codings(lines)
    assert 0 <= fields.code(lines) <= 999
    json.dumps(http_evidence.headers(lines))


@given(INSTANT, INSTANT, INSTANT, INSTANT)
def test_phases_sum_to_the_total(total, connect, tls, start) -> None:
    phases = split(total, connect, tls, start)
    assert phases.total == total
    assert min(phases) >= 0


@given(
    st.text(alphabet="grün ö\U0001f955", max_size=60),
    st.sampled_from(["grün", "r", "ön ", "\U0001f955\U0001f955", "gg"]),
    st.sampled_from(["utf-8", "utf-16", "utf-32", "gb18030"]),
    st.integers(1, 20),
)
def test_a_keyword_is_found_however_the_body_is_cut(text, keyword, name, step) -> None:
    search, data = Search(keyword, name), text.encode(name)
    for start in range(0, len(data), step):
        search.read(data[start : start + step])
    search.read(b"", is_last=True)
    assert search.found == (keyword in text)


@given(st.binary(max_size=300), st.integers(1, 20))
def test_bad_bytes_are_replaced_the_same_in_pieces(data, step) -> None:
    search = Search("\N{REPLACEMENT CHARACTER}", "utf-8")
    for start in range(0, len(data), step):
        search.read(data[start : start + step])
    search.read(b"", is_last=True)
    assert search.found == ("\N{REPLACEMENT CHARACTER}" in data.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "name",
    [
        "zip",
        "base64",
        "rot13",
        "idna",
        "unicode_escape",
        "raw-unicode-escape",
        "UTF7",
        "punycode",
        "undefined",
        "x",
        "",
        "\xff",
    ],
)
def test_what_is_no_charset_is_read_as_utf_8(name: str) -> None:
    line = f"Content-Type: text/html; charset={name}\r\n".encode("latin-1")
    assert charset([b"HTTP/1.1 200 OK\r\n", line, b"\r\n"]) == "utf-8"


@given(
    st.binary(max_size=3000),
    st.integers(1, 3000),
    st.integers(1, 500),
    st.sampled_from([None, "zlib", "raw"]),
)
def test_a_body_is_read_up_to_its_cap(data, cap, step, coding) -> None:
    body = Body()
    body.begin(cap, cap, frozenset())
    body.lines.append(b"HTTP/1.1 200 OK\r\n")
    sent = data
    if coding is not None:
        body.lines.append(b"Content-Encoding: deflate\r\n")
        packer = zlib.compressobj(wbits=15 if coding == "zlib" else -15)
        sent = packer.compress(data) + packer.flush()
    for start in range(0, len(sent), max(step, 2)):
        if body.write(sent[start : start + max(step, 2)]) is not None:
            break
    assert (body.stop is Stop.TOO_LARGE) == (len(data) > cap)
    assert body.size <= cap + step + 1
    if body.stop is Stop.NO:
        assert body.text() == data.decode("utf-8", "replace")


TEXTS = st.text(st.characters(), max_size=20)


@given(
    st.recursive(
        TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner)
    )
)
def test_evidence_is_always_json_without_nul_or_surrogates(value) -> None:
    text = str(evidence.without_secrets({"a": value}, []))
    assert "\\x00" not in text.replace("\\\\", "")
    assert "\\ud8" not in text.replace("\\\\", "")
    json.dumps(text, ensure_ascii=False).encode()


def test_what_is_empty_is_left_out_and_secrets_are_hidden() -> None:
    shown = evidence.without_secrets(
        {"a": "", "b": 0, "c": [], "d": "x secret-1 y", "e": [{"f": "secret-1"}]}, ["secret-1"]
    )
    assert shown == {"d": "x [hidden] y", "e": [{"f": "[hidden]"}]}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("session=4f1c9e; Path=/; HttpOnly", "session=[hidden]; Path=/; HttpOnly"),
        ("session=", "session="),
        ("4f1c9e", "[hidden]"),
        ("a=b=c", "a=[hidden]"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("name", ["Set-Cookie", "set-cookie"])
def test_the_value_of_a_cookie_is_hidden(name, sent, shown) -> None:
    lines = [b"HTTP/1.1 500 X\r\n", f"{name}: {sent}\r\n".encode(), b"\r\n"]
    assert http_evidence.headers(lines) == [[name, shown]]


INTERIM = [b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n", b"\r\n"]
VIA = [b"Via: HTTP/1.1 proxy\r\n"]


@pytest.mark.parametrize("interim", [[], INTERIM])
@pytest.mark.parametrize("via", [[], VIA])
@pytest.mark.parametrize(
    ("code", "stop"), [(200, Stop.NO), (301, Stop.NO), (302, Stop.NOT_WANTED), (404, Stop.NO)]
)
def test_only_the_body_of_a_redirect_is_skipped(interim, via, code, stop) -> None:
    body = Body()
    body.begin(100, 100, frozenset({302}))
    body.lines.extend([*interim, b"HTTP/1.1 %d X\r\n" % code, *via, b"\r\n"])
    body.write(b"text")
    assert body.stop is stop


@given(st.binary(max_size=100), st.sampled_from([301, 302, 303, 307, 308]))
def test_any_location_is_followed_or_refused(location, code) -> None:
    secret = (("Authorization", "secret"),)
    request = make_request("POST", read_target("http://one.test/a"), secret, b"body")
    try:
        then = follow(request, code, [location])
    except BadTarget:
        return
    if then.target.origin != request.target.origin:
        assert (then.fields, then.body) == ((), b"")
    assert then.target.scheme in {"http", "https"}
