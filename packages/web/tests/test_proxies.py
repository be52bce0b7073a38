"""Whose request it is (reliability.md, R7)."""

from collections.abc import Callable

import pytest
from flask import Flask, request
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from emeter_core.settings import Settings
from emeter_web.proxies import client_address
from emeter_web.routes import get, mount
from emeter_web.user_auth import capability

PEER = "192.0.2.1"
NAMES = [
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Via",
]


def whoami() -> str:
    return f"{client_address()} {request.scheme} {request.host}"


@pytest.fixture
def ask(make_app: Callable[[Settings], Flask], settings: Settings) -> Callable[..., str]:
    """What the application takes a request for, behind so many proxies."""
    browsers = {}

    def asked(trusted: int, headers: dict[str, str], peer: str = PEER) -> str:
        if trusted not in browsers:
            app = make_app(settings.model_copy(update={"trusted_proxies": trusted}))
            mount(app, capability, get("/test/whoami", whoami))
            browsers[trusted] = app.test_client()
        return browsers[trusted].get("/test/whoami", headers=headers, environ_base={"REMOTE_ADDR": peer}).text

    return asked


@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(
            st.sampled_from(
                ["198.51.100.7", "::1", "unknown", "for=198.51.100.7", "[::1]:99", "", "127.0.0.1:80"]
            ),
            max_size=4,
        ).map(", ".join),
    )
)
def test_r7_without_trusted_proxies_no_header_changes_the_address(ask, headers: dict[str, str]) -> None:
    assert ask(0, headers) == f"{PEER} http localhost"


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 198.51.100.2", "198.51.100.1"),
        (2, "198.51.100.2", PEER),  # fewer than there should be: somebody came past a proxy
        (1, "198.51.100.1:4711", "198.51.100.1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "unknown", "None"),
        (1, "", PEER),
    ],
)
def test_r7_the_right_most_that_is_not_ours_counts(ask, trusted: int, forwarded: str, address: str) -> None:
    assert ask(trusted, {"X-Forwarded-For": forwarded}).split()[0] == address


def test_the_scheme_is_believed_and_the_host_is_not(ask) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "99"}
    assert ask(1, headers) == f"{PEER} https localhost"
    assert ask(0, headers) == f"{PEER} http localhost"


@pytest.mark.parametrize("peer", ["", "not an address"])
def test_an_address_that_is_none_is_none(ask, peer: str) -> None:
    assert ask(0, {}, peer).split()[0] == "None"
