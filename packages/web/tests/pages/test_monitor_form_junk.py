"""Whatever a form is sent: it is taken whole, or refused whole. Never a 500, never half a row."""

from collections.abc import Callable
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from emeter_storage.engine import transaction
from emeter_web.monitor_forms.kinds import FORMS

FIELDS = sorted(
    {
        name
        for form in FORMS.values()
        for name in dir(form)
        if not name.startswith("_") and hasattr(getattr(form, name), "field_class")
    }
)
FORM = "application/x-www-form-urlencoded"
# That none of it is a 500 is seen in test_forms.py, by many more.
GENERATED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)

plain = st.one_of(
    st.text(max_size=60),
    st.integers().map(str),
    st.sampled_from(
        [
            *("", " ", "true", "false", "http", "tcp", "ping", "GET", "POST", "200-299", "5", "60", "-1"),
            *("1e9", "\0", "\ud7ff", "\\", "\\x00", "a:1", "::1"),
        ]
    ),
    st.sampled_from(
        [
            "http://example.com/",
            "http://[::1",
            "http://a..b/",
            "//x",
            "http://\N{SNOWMAN}/",
            "https://x:99999/",
        ]
    ),
).map(str.encode)
huge = st.tuples(
    st.sampled_from([b"x", b"\0", b"\xff", b"9", b"a: b\r\n", "é".encode()]), st.integers(1, 30_000)
).map(lambda pair: pair[0] * pair[1])
values = st.one_of(plain, plain, st.binary(max_size=60), huge)
names = st.one_of(st.sampled_from(FIELDS), st.sampled_from(FIELDS), st.text(max_size=10).map(str))


@st.composite
def bodies(draw) -> bytes:
    """An urlencoded body: most of it in order, some of it not encoded at all."""
    parts = []
    for name, value in draw(st.lists(st.tuples(names, values), max_size=12)):
        raw = draw(st.booleans())
        shown = value.replace(b"&", b"") if raw else quote_from_bytes(value).encode()
        parts.append(quote_from_bytes(name.encode("utf-8", "surrogatepass")).encode() + b"=" + shown)
    if draw(st.booleans()):
        parts.append(b"url=http://example.com/")
    return b"&".join(parts) + draw(st.sampled_from([b"", b"&", b"&&=", b"&%", b"&%zz=%f", b"\xff\xfe"]))


@pytest.fixture
def rows(sessions) -> Callable[[], list[int]]:
    """What there is of monitors: their versions, and that each has its probe and its first status."""

    def look() -> list[int]:
        with transaction(sessions) as session:
            found = session.execute(
                text(
                    "SELECT m.version, count(DISTINCT p.id), count(c.id) > 0 FROM monitors m"
                    " LEFT JOIN probes p ON p.monitor_id = m.id"
                    " LEFT JOIN status_changes c ON c.monitor_id = m.id"
                    " GROUP BY m.id ORDER BY m.id"
                )
            ).all()
        assert all((probes, told) == (1, True) for _, probes, told in found)
        return [version for version, _, _ in found]

    return look


@GENERATED
@given(body=bodies())
@example(body=b"url=http%3A%2F%2Fexample.com%2F&name=%00")
@example(body=b"url=http%3A%2F%2Fexample.com%2F&name=%ff%fe")
@example(body=b"kind=tcp&url=a%3A1&send=%5Cx00&expect=%00&tls=true")
@example(body=b"kind=ping&url=a&packets=9999999999&max_loss=")
@example(body=b"kind=..%2Fhttp&url=a")
@example(body=b"kind=heartbeat&name=a&period=9999999999d&grace=%00&longest_run=-1&schedule=0+0+30+2+*")
@example(body=b"kind=heartbeat&name=a&schedule=*+*+*+*+*&time_zone=..%2F..%2Fetc%2Fpasswd")
@example(body=b"url=http%3A%2F%2Fexample.com%2F&headers=a%3A%00")
@example(body=b"url=http%3A%2F%2Fexample.com%2F&trial=%00&secrets_kept=true")
@example(body=b"url=http%3A%2F%2Fexample.com%2F&body=" + b"x" * 70_000 + b"&method=POST")
def test_a_new_monitor_is_made_whole_or_not_at_all(signed_in, rows, body: bytes) -> None:
    before = rows()
    answer = signed_in.post("/monitors", data=_signed(signed_in, body), content_type=FORM)
    made = [1] if answer.status_code == 303 else []
    assert answer.status_code in {303, 400, 422}
    assert rows() == before + made


@GENERATED
@given(body=bodies())
@example(body=b"name=%00")
@example(body=b"url=http%3A%2F%2Fexample.com%2F&kind=%00")
@example(body=b"interval=" + b"9" * 9000)
def test_an_edit_is_done_whole_or_not_at_all(signed_in, add_monitor, rows, body: bytes) -> None:
    public_id = _once(signed_in, add_monitor)
    before = rows()
    answer = signed_in.put(f"/monitors/{public_id}", data=_signed(signed_in, body), content_type=FORM)
    assert answer.status_code in {303, 400, 422}
    assert rows() == [before[0] + (answer.status_code == 303)]
    assert signed_in.get(f"/monitors/{public_id}").status_code == 200


@GENERATED
@given(body=bodies())
def test_whatever_is_tried_is_asked_or_refused(signed_in, sessions, body: bytes) -> None:
    answer = signed_in.post("/monitors/trials", data=_signed(signed_in, body), content_type=FORM)
    assert answer.status_code in {303, 400, 404, 422}
    if answer.status_code == 303:
        assert signed_in.get(answer.location).status_code == 200
        with transaction(sessions) as session:
            session.execute(text("DELETE FROM trials"))


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "nonsense", ""])
def test_what_is_no_form_is_an_empty_one(signed_in, rows, kind: str) -> None:
    headers = {"X-CSRF-Token": signed_in.csrf_token()}
    answer = signed_in.post("/monitors", data=b"[1, 2]", content_type=kind, headers=headers)
    assert answer.status_code in {400, 422}
    assert rows() == []


def _signed(browser, body: bytes) -> bytes:
    return b"_csrf_token=" + browser.csrf_token().encode() + b"&" + body


_made: dict[int, object] = {}


def _once(browser, add_monitor) -> object:
    """The monitor of this test, made with its first example."""
    if id(browser) not in _made:
        _made.clear()
        _made[id(browser)] = add_monitor(name="Shop")
    return _made[id(browser)]
