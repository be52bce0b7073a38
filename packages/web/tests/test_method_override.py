"""PUT, PATCH and DELETE by POST: `_method` in a short urlencoded body, and nowhere else."""

from collections.abc import Iterable
from io import BytesIO
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from emeter_web.method_override import MAX_BODY, MethodOverride

FORM = "application/x-www-form-urlencoded"


class Short:
    """A stream that gives little at a time, and breaks where it is told to."""

    def __init__(self, body: bytes, *, breaks: bool = False) -> None:
        self.stream, self.breaks = BytesIO(body), breaks

    def read(self, size: int) -> bytes:
        part = self.stream.read(min(size, 3))
        if not part and self.breaks:
            raise ConnectionResetError
        return part


def seen(body: bytes, *, length: str | None = None, stream: object = None, **environ: object):  # noqa: ANN201
    """What the application gets: its method, and what it can read."""
    got: dict[str, object] = {}

    def app(environ: dict[str, object], _start_response: object) -> Iterable[bytes]:
        got.update(method=environ["REQUEST_METHOD"], body=environ["wsgi.input"].read(10**9))
        return []

    given_environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": stream or BytesIO(body),
    }
    MethodOverride(app, lambda _path: True)(given_environ | environ, lambda *_: None)
    return got["method"], got["body"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "put", "Delete"])
def test_the_body_names_the_method(method: str) -> None:
    body = f"a=1&_method={method}&b=2".encode()
    assert seen(body) == (method.upper(), body)


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "", "PUT%00", "ÄPUT", "POST"]
)
def test_but_no_other_than_these(method: str) -> None:
    assert seen(f"_method={method}".encode())[0] == "POST"


def test_of_several_the_last_counts_that_of_the_button_which_was_pressed() -> None:
    assert seen(b"_method=DELETE&_method=PUT")[0] == "PUT"


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "application/json", ""])
def test_other_kinds_of_bodies_are_left_alone(kind: str) -> None:
    assert seen(b"_method=DELETE", CONTENT_TYPE=kind) == ("POST", b"_method=DELETE")


def test_the_kind_may_have_a_charset_and_any_case() -> None:
    assert seen(b"_method=PUT", CONTENT_TYPE=f"{FORM.title()} ; charset=utf-8")[0] == "PUT"


def test_only_a_post_is_changed() -> None:
    assert seen(b"_method=DELETE", REQUEST_METHOD="GET")[0] == "GET"


def test_x16_the_query_string_is_not_asked(signed_in) -> None:
    headers = {"X-CSRF-Token": signed_in.csrf_token(), "X-HTTP-Method-Override": "DELETE"}
    assert signed_in.post("/users/log_out?_method=DELETE", headers=headers).status_code == 405
    assert signed_in.get("/users/settings").status_code == 200


@pytest.mark.parametrize("length", ["", "x", "-1", "1_0", "٣", str(MAX_BODY + 1)])
def test_a_body_of_no_or_too_much_length_is_left_alone(length: str) -> None:
    assert seen(b"_method=DELETE", length=length) == ("POST", b"_method=DELETE")


def test_a_body_may_have_64_kib() -> None:
    for size, method in ((MAX_BODY, "DELETE"), (MAX_BODY + 1, "POST")):
        body = b"_method=DELETE&x=".ljust(size, b"y")
        assert seen(body) == (method, body)


def test_a_form_that_is_too_long_for_it_is_told_so(signed_in) -> None:
    answer = signed_in.submit("/users/log_out", "DELETE", x="y" * MAX_BODY)
    assert answer.status_code == 413
    assert "may have 64 KiB" in answer.text
    # Where no method could have been named, its length is not what is wrong with it.
    assert signed_in.submit("/healthz", "DELETE", x="y" * MAX_BODY).status_code == 405
    assert signed_in.get("/users/settings").status_code == 200


def test_a_form_with_files_names_no_method(signed_in) -> None:
    fields = {"_csrf_token": signed_in.csrf_token(), "_method": "delete"}
    answer = signed_in.post("/users/log_out", data=fields, content_type="multipart/form-data")
    assert answer.status_code == 405
    assert signed_in.get("/users/settings").status_code == 200


def test_a_body_that_comes_in_pieces_is_read_whole() -> None:
    body = b"x=" + b"y" * 100 + b"&_method=PUT"
    assert seen(body, stream=Short(body)) == ("PUT", body)


@pytest.mark.parametrize("breaks", [True, False])
def test_of_a_body_that_breaks_off_the_application_finds_it_out(app, *, breaks: bool) -> None:
    body = b"email=a"
    assert seen(body, length="20", stream=Short(body, breaks=breaks)) == ("POST", body)

    environ = EnvironBuilder("/users/log_in", method="POST", content_type=FORM).get_environ()
    environ |= {"CONTENT_LENGTH": "20", "wsgi.input": Short(body, breaks=breaks)}
    _, status, _ = run_wsgi_app(app.wsgi_app, environ)
    assert status.startswith("400")


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6), st.binary(max_size=20))
def test_whatever_comes_the_body_stays_as_it_was(fields: list[tuple[str, str]], rest: bytes) -> None:
    pairs = (
        f"{quote_plus(name, errors='replace')}={quote_plus(value, errors='replace')}"
        for name, value in fields
    )
    body = "&".join(pairs).encode() + rest
    method, read = seen(body)
    assert read == body
    assert method in {"POST", "PUT", "PATCH", "DELETE"}
