"""Pages that fetch themselves again, and what they leave out."""

import gzip
import re
import uuid
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from emeter_web.live.setup import hub_of
from emeter_web.live.shared import HEADER, cut
from emeter_web.session_cookie import SESSION

LIVE = {HEADER: "1"}


def live_meta(page: str) -> dict[str, str]:
    found = BeautifulSoup(page, "html.parser").find("meta", {"name": "live"})
    assert found is not None
    return {name: str(value) for name, value in found.attrs.items()}


def test_a_page_knows_its_stream_its_age_and_what_to_fetch(signed_in: FlaskClient) -> None:
    meta = live_meta(signed_in.get("/monitors?status=down").text)

    assert re.fullmatch("/live/[0-9a-f-]{36}", meta["content"])
    assert (meta["data-page"], meta["data-part"]) == ("/monitors?status=down", "main")
    assert meta["data-revision"]
    assert int(meta["data-now"]) > 1_700_000_000_000


def test_a_form_fetches_the_dashboard_for_its_navigation(signed_in: FlaskClient) -> None:
    meta = live_meta(signed_in.get("/monitors/new").text)
    assert (meta["data-page"], meta["data-part"]) == ("/", "nav")


def test_a_refused_form_is_never_fetched_again(signed_in: FlaskClient) -> None:
    page = signed_in.submit("/monitors", url="")  # type: ignore[attr-defined]
    assert page.status_code == 422
    assert live_meta(page.text)["data-part"] == "nav"


def test_who_is_not_signed_in_has_no_stream(client: FlaskClient) -> None:
    assert 'name="live"' not in client.get("/").text
    assert client.get(f"/live/{uuid.uuid4()}").status_code == 302


def test_a_page_that_fetches_itself_gets_its_parts_alone(signed_in: FlaskClient) -> None:
    page = BeautifulSoup(signed_in.get("/monitors", headers=LIVE).text, "html.parser")

    assert page.find("main", id="main") is not None
    assert page.find("nav", class_="nav") is not None
    assert page.title is not None
    assert page.find("meta", {"name": "live"}) is not None
    assert page.find("svg", id="sprite") is not None
    assert page.find("link") is None
    assert page.find("script") is None
    assert page.find("header", class_="brand") is None


def test_it_is_sent_compressed_to_who_takes_that(signed_in: FlaskClient) -> None:
    plain = signed_in.get("/monitors", headers=LIVE)
    packed = signed_in.get("/monitors", headers=LIVE | {"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["Cache-Control"] == "no-store"


def test_a_copy_holds_no_token_and_no_message_of_anybody(signed_in: FlaskClient) -> None:
    with signed_in.session_transaction() as session:
        session["_flashes"] = [("info", "said to one")]

    copy = signed_in.get("/", headers=LIVE).text

    assert "said to one" not in copy
    assert not re.search(r'name="_csrf_token" value="[^"]', copy)
    assert "dora@example.com" not in copy
    assert "said to one" in signed_in.get("/").text


def test_the_copy_is_made_once_and_a_colleague_gets_the_same(
    signed_in: FlaskClient, app: Flask, count_queries: Callable[..., object]
) -> None:
    colleague = app.test_client()
    assert colleague.log_in().status_code == 302  # type: ignore[attr-defined]
    first = signed_in.get("/monitors", headers=LIVE)

    with count_queries() as queries:  # type: ignore[attr-defined]
        second = colleague.get("/monitors", headers=LIVE)

    assert second.data == first.data
    # Who asks is found out, and nothing else.
    assert len(queries) <= 3, str(queries)


@pytest.mark.parametrize("headers", [{HEADER: "2"}, {}])
def test_another_change_is_another_copy(
    signed_in: FlaskClient, headers: dict[str, str], count_queries: Callable[..., object]
) -> None:
    signed_in.get("/monitors", headers=LIVE)
    with count_queries() as queries:  # type: ignore[attr-defined]
        signed_in.get("/monitors", headers=headers)
    assert len(queries) > 3


def test_another_team_gets_a_copy_of_its_own(signed_in: FlaskClient, stranger: FlaskClient) -> None:
    signed_in.submit("/monitors", url="http://secret.example.com/", interval="60")  # type: ignore[attr-defined]
    assert "secret.example.com" in signed_in.get("/monitors", headers=LIVE).text
    assert "secret.example.com" not in stranger.get("/monitors", headers=LIVE).text


def test_what_is_no_page_is_answered_as_it_is(signed_in: FlaskClient, stranger: FlaskClient) -> None:
    made = signed_in.submit("/monitors", url="http://example.com/", interval="60")  # type: ignore[attr-defined]
    path = made.headers["Location"]
    assert signed_in.get(path, headers=LIVE).status_code == 200
    assert stranger.get(path, headers=LIVE).status_code == 404
    assert signed_in.get("/monitors", headers=LIVE | {HEADER: ""}).status_code == 200


def test_the_stream_ends_where_there_is_no_connection_to_keep(signed_in: FlaskClient, app: Flask) -> None:
    """As behind any server that is not gunicorn."""
    stream = live_meta(signed_in.get("/monitors").text)["content"]
    here = FlaskClient(app, app.response_class)
    here.set_cookie(SESSION, signed_in.get_cookie(SESSION).value)
    answer = here.get(f"{stream}?monitors=" + "x" * 200)

    assert answer.mimetype == "text/event-stream"
    assert answer.get_data(as_text=True) == "retry: 15000\n\n"
    assert len(hub_of(app)) == 0


def test_a_page_is_cut_to_what_the_script_takes_over() -> None:
    page = (
        '<html><title>T</title><link><body><nav class="nav"><a>x</a></nav><nav class="other"></nav>'
        '<main class="main" id="main"><nav>in</nav></main><footer>no</footer></body></html>'
    )
    assert cut(page) == (
        '<!doctype html><title>T</title><nav class="nav"><a>x</a></nav>'
        '<main class="main" id="main"><nav>in</nav></main>'
    )
