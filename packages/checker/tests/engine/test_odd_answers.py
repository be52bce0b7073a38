"""Odd answers: each has its reason, one request is made, and nothing that they point at is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emeter_core.outcome import Reason

HEAD, REST = b"HTTP/1.1 200 OK\r\n", b"Content-Length: 1\r\n\r\nx"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OK, INVALID, CODE = Reason.OK, Reason.RESPONSE_INVALID, Reason.UNEXPECTED_CODE

CASES: dict[str, tuple[bytes, Reason]] = {
    # Another protocol.
    "101 to HTTP/2": (b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + bytes(90), CODE),
    "101 to a web socket": (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n" + HEAD + REST, CODE),
    "frames of HTTP/2": (b"\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", INVALID),
    "another service": (HEAD + b'Alt-Svc: h2="169.254.169.254:80"; persist=1\r\n' + REST, OK),
    "strict transport": (HEAD + b"Strict-Transport-Security: max-age=9; includeSubDomains\r\n" + REST, OK),
    # Status lines.
    "no phrase": (b"HTTP/1.1 200\r\n" + REST, OK),
    "version 0.9": (b"HTTP/0.9 200 OK\r\n" + REST, INVALID),
    "version 1.2": (b"HTTP/1.2 200 OK\r\n" + REST, INVALID),
    "code 000": (b"HTTP/1.1 000 X\r\n" + REST, INVALID),
    "code 099": (b"HTTP/1.1 099 X\r\n" + REST, INVALID),
    "code -200": (b"HTTP/1.1 -200 X\r\n" + REST, INVALID),
    "code 2 00": (b"HTTP/1.1 2 00 X\r\n" + REST, INVALID),
    "code 99999": (b"HTTP/1.1 99999 X\r\n" + REST, CODE),
    "two spaces": (b"HTTP/1.1  200 OK\r\n" + REST, INVALID),
    "ICY": (b"ICY 200 OK\r\n" + REST, INVALID),
    "empty lines first": (b"\r\n\r\n" + HEAD + REST, INVALID),
    "interim answers and no other": (b"HTTP/1.1 100 X\r\n\r\n", Reason.CONNECTION_CLOSED),
    "interim answers first": (b"HTTP/1.1 100 X\r\n\r\n" * 50 + HEAD + REST, OK),
    # Fields.
    "a NUL": (HEAD + b"X: a\0b\r\n" + REST, INVALID),
    "a carriage return": (HEAD + b"X: a\rY: b\r\n" + REST, INVALID),
    "no colon": (HEAD + b"nonsense\r\n" + REST, INVALID),
    "a status line among fields": (
        HEAD + b"HTTP/1.1 302 X\r\nLocation: http://10.0.0.1/\r\n" + REST,
        INVALID,
    ),
    "a folded field": (HEAD + b"X: a\r\n b\r\n" + REST, OK),
    "60,000 commas": (HEAD + b"Content-Encoding: " + b"," * 60_000 + b"\r\n" + REST, OK),
    "no charset": (HEAD + b"Content-Type: text/html; charset=zip\r\n" + REST, OK),
    # Lengths and codings of transfer.
    "a length below 0": (HEAD + b"Content-Length: -1\r\n\r\nx", INVALID),
    "a length in hex": (HEAD + b"Content-Length: 0x1\r\n\r\nx", INVALID),
    "two lengths": (HEAD + b"Content-Length: 2\r\n" + REST, INVALID),
    "chunks below 0": (CHUNKED + b"-1\r\nx\r\n", INVALID),
    "chunks beyond 64 bits": (CHUNKED + b"f" * 20 + b"\r\nx", INVALID),
    "chunks of 64 bits": (CHUNKED + b"f" * 16 + b"\r\nx", INVALID),
    "a packed transfer": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", INVALID),
    "a transfer packed often": (HEAD + b"Transfer-Encoding: " + b"br, " * 20 + b"br\r\n\r\nx", INVALID),
    # What would lead elsewhere.
    "a refresh": (HEAD + b"Refresh: 0;url=http://169.254.169.254/\r\n" + REST, OK),
    "a proxy to use": (b"HTTP/1.1 305 X\r\nLocation: http://10.0.0.1/\r\n" + REST, CODE),
    "choices": (b"HTTP/1.1 300 X\r\nLocation: /b\r\n" + REST, CODE),
    "a Location in a trailer": (
        b"HTTP/1.1 302 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nLocation: http://10.0.0.1/\r\n\r\n",
        Reason.REDIRECT_INVALID,
    ),
    "a folded Location": (
        b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1\r\n 69.254.169.254/\r\n" + REST,
        Reason.REDIRECT_INVALID,
    ),
    "two Locations": (b"HTTP/1.1 302 X\r\nLocation: /a\r\nLocation: /b\r\n" + REST, INVALID),
    "a socket in the file system": (
        b"HTTP/1.1 302 X\r\nLocation: http+unix://%2Frun%2Fx.sock/\r\n" + REST,
        Reason.SCHEME_BLOCKED,
    ),
    "a demand for who we are": (
        b"HTTP/1.1 401 X\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=x\r\n" + REST,
        CODE,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_odd_answer_has_its_reason(checker, serve, name: str) -> None:
    answer, reason = CASES[name]
    site = serve(answer)
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", timeout=2)
    assert outcome.reason is reason
    assert len(site.requests) == 1


def test_cookies_are_forgotten_at_once(checker, serve) -> None:
    away = b"HTTP/1.1 302 X\r\nSet-Cookie: a=1; Path=/\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    site = serve(lambda link, request: link.sendall(HEAD + REST if b" /b " in request[:9] else away))
    for _ in range(2):
        assert checker.check(f"http://127.0.0.1:{site.port}/").reason is OK
    assert not any(b"cookie" in request.lower() for request in site.requests)


def test_nothing_of_who_runs_it_goes_along(
    make_checker: Callable, serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed_port: int
) -> None:
    """Neither passwords of the home directory nor proxies of the environment."""
    (tmp_path / ".netrc").write_text("default login me password secret-of-netrc\n", "ascii")
    (tmp_path / ".curlrc").write_text(f'proxy = "127.0.0.1:{closed_port}"\n', "ascii")
    for name in ("HOME", "CURL_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"socks5://127.0.0.1:{closed_port}")
    site = serve(b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\n" + REST)
    assert make_checker().check(f"http://127.0.0.1:{site.port}/").reason is CODE
    [request] = site.requests
    assert b"authorization" not in request.lower()
