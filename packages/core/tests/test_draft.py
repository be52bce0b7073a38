"""Drafts: whatever is typed is a monitor that can be stored, or an error at its place."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emeter_core.errors import Invalid
from emeter_core.monitors import Draft, create_monitor, draft_monitor, open_settings
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.kinds.http import HttpSettings

URL = "https://example.com/"

# Every character there is, NUL and halves of surrogate pairs among them.
texts = st.text(st.characters(exclude_categories=()))
plain = st.text(st.characters(exclude_categories=["Cc", "Cs"]))
targets = st.one_of(
    texts,
    texts.map(URL.__add__),
    texts.map(lambda text: f"http://{text}/"),
    st.sampled_from(["a:1", "a", "::1", "[::1]:1", "tcp://a:1", "ping://a"]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
setting_names = (
    st.sampled_from(sorted({name for kind in KINDS.values() for name in kind.settings.model_fields})) | texts
)
setting_dicts = st.dictionaries(setting_names, json_values, max_size=4)
good_settings = st.fixed_dictionaries(
    {"method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])},
    optional={
        "headers": st.lists(st.tuples(st.from_regex(r"\AX-[a-z]{1,5}\Z"), plain), max_size=3),
        "body": st.text(),
        "keyword": plain,
        "keyword_absent": st.booleans(),
        "expected_codes": st.lists(st.integers(100, 599), min_size=1).map(lambda c: ",".join(map(str, c))),
        "max_redirects": st.integers(0, 20),
        "ip_family": st.sampled_from(["any", "ipv4", "ipv6"]),
        "verify_tls": st.booleans(),
    },
)


def errors_of(**fields: Any) -> dict[str, list[str]]:  # noqa: ANN401 - whatever somebody sends
    with pytest.raises(Invalid) as caught:
        draft_monitor(**{"target": URL, **fields})
    return caught.value.fields


def draft_or_errors(**fields: Any) -> Draft | None:  # noqa: ANN401 - whatever somebody sends
    """A draft, or None where it was refused with something to read at each of the fields."""
    try:
        return draft_monitor(**fields)
    except Invalid as invalid:
        errors = invalid.fields
    assert errors
    assert all(messages and all(messages) for messages in errors.values())
    return None


def test_a_url_is_enough() -> None:
    expected = Draft("example.com", "http", URL, 60, 10, 3, 2, HttpSettings())
    assert draft_monitor(target=URL) == expected


@pytest.mark.parametrize(("interval", "timeout"), [(5, 5), (9, 9), (10, 10), (60, 10), (86_400, 10)])
def test_the_timeout_is_ten_seconds_or_the_interval(interval: int, timeout: int) -> None:
    assert draft_monitor(target=URL, interval=interval).timeout == timeout


@pytest.mark.parametrize("interval", [4, 0, -1, 86_401, 10**30, True, 60.5, "60", "", None])
def test_an_interval_is_from_5_seconds_to_a_day(interval: object) -> None:
    assert errors_of(interval=interval) == {"interval": ["must be from 5 to 86,400 seconds"]}


@pytest.mark.parametrize("timeout", [0, -1, 61, 10**30, True, 1.5, "10"])
def test_a_timeout_is_from_1_to_60_seconds(timeout: object) -> None:
    assert errors_of(timeout=timeout) == {"timeout": ["must be from 1 to 60 seconds"]}


def test_a_timeout_may_be_as_long_as_the_interval_and_not_longer() -> None:
    assert draft_monitor(target=URL, interval=20, timeout=20).timeout == 20
    assert errors_of(interval=20, timeout=21) == {
        "timeout": ["must not be longer than the interval (20 seconds)"]
    }


@pytest.mark.parametrize("field", ["down_after", "up_after"])
@pytest.mark.parametrize("count", [0, -1, 21, True, "3"])
def test_a_threshold_is_from_1_to_20(field: str, count: object) -> None:
    assert errors_of(**{field: count}) == {field: ["must be from 1 to 20"]}


@pytest.mark.parametrize("kind", ["", "HTTP", "gopher", "http\0", "\ud800"])
def test_an_unknown_kind_is_named_beside_the_known_ones(kind: str) -> None:
    assert errors_of(kind=kind) == {"kind": [f"{kind!r} is unknown: there is http, tcp, ping, heartbeat"]}


@pytest.mark.parametrize("target", ["", "  ", "\t\n"])
def test_a_blank_url_is_refused(target: str) -> None:
    assert errors_of(target=target) == {"url": ["can't be blank"]}


def test_a_bad_url_is_told_at_its_place() -> None:
    assert errors_of(target="ftp://example.com/") == {"url": ["must start with http:// or https://"]}


def test_the_url_of_a_draft_has_no_spaces_around_it() -> None:
    assert draft_monitor(target=f" {URL}\n").target == URL


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("HTTP://WWW.Example.com:8080/path", "www.example.com"),
        ("http://[2001:db8::1]:80/", "2001:db8::1"),
        ("http://bücher.example/", "bücher.example"),
        (f"http://{'a.' * 100}example/", "a." * 60),
    ],
)
def test_without_a_name_the_host_gives_it(url: str, name: str) -> None:
    assert draft_monitor(target=url, name=" \n").name == name


def test_a_name_is_one_line_without_spaces_around_it() -> None:
    assert draft_monitor(target=URL, name="  My \t\r\n shop\N{LINE SEPARATOR}1 ").name == "My shop 1"


def test_a_name_has_at_most_120_characters() -> None:
    assert draft_monitor(target=URL, name="ä" * 120).name == "ä" * 120
    assert errors_of(name="ä" * 121) == {"name": ["should be at most 120 character(s)"]}


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x9b", "\ud800", "\u202e", "\u2066"])
def test_a_name_holds_no_control_character(character: str) -> None:
    assert errors_of(name=f"a{character}b") == {"name": ["must not hold control characters"]}


@pytest.mark.parametrize(
    ("chosen", "field", "message"),
    [
        ({"keyword": "ä" * 513}, "keyword", "has 1,026 bytes: at most 1,024 are taken"),
        ({"body": "€" * 4097, "method": "POST"}, "body", "has 12,291 bytes: at most 12,288 are taken"),
        ({"headers": [("A", "b" * 4092)]}, "headers", "has 4,097 bytes: at most 4,096 are taken"),
        ({"expected_codes": "200," * 250 + "2"}, "expected_codes", "should be at most 1,000 character(s)"),
        ({"headers": [["Host", "a"]]}, "headers", "Host is set by the check itself"),
        ({"body": "text"}, "settings", "a GET request carries no body"),
        ({"colour": "red"}, "colour", "is unknown to the kind http"),
        ({"max_redirects": 21}, "max_redirects", "must be from 0 to 20"),
        ({"max_redirects": -1}, "max_redirects", "must be from 0 to 20"),
        ({"max_redirects": "9" * 5000}, "max_redirects", "must be "),
        ({"max_redirects": "many"}, "max_redirects", "must be a whole number"),
        ({"max_redirects": 1.5}, "max_redirects", "must be a whole number"),
        ({"body_cap": 0}, "body_cap", "must be from 1 to 10,485,760"),
        ({"method": "BREW"}, "method", "must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        ({"headers": [("A", "b")] * 51}, "headers", "should have at most 50 item(s)"),
        ({"verify_tls": "perhaps"}, "verify_tls", "must be true or false"),
        ({"keyword": "\ud800"}, "keyword", "must be text"),
        ({"keyword_absent": True}, "keyword", "can't be blank where it must be absent"),
        ({"keyword": "", "keyword_absent": True}, "keyword", "can't be blank"),
        ({"expected_codes": "2xx"}, "expected_codes", "'2xx' is no status code or range"),
    ],
)
def test_a_bad_setting_is_told_at_its_place(chosen, field: str, message: str) -> None:
    errors = errors_of(settings=chosen)
    assert list(errors) == [field]
    assert errors[field][0].startswith(message)


def test_all_that_is_wrong_is_told_at_once() -> None:
    errors = errors_of(
        target="example.com",
        name="x" * 121,
        interval=1,
        timeout=99,
        down_after=0,
        up_after=99,
        settings={"method": "BREW", "max_redirects": -1},
    )
    assert set(errors) == {
        *("url", "name", "interval", "timeout", "down_after", "up_after", "method", "max_redirects")
    }


def test_an_error_reads_as_lines_of_field_and_message() -> None:
    with pytest.raises(Invalid) as caught:
        draft_monitor(target="", interval=1)
    assert str(caught.value) == "interval must be from 5 to 86,400 seconds\nurl can't be blank"


@given(
    target=targets,
    name=texts,
    kind=st.sampled_from(sorted(KINDS)) | texts,
    interval=st.integers() | texts,
    timeout=st.none() | st.integers() | texts,
    down_after=st.integers() | texts,
    up_after=st.integers() | texts,
    settings=setting_dicts,
)
def test_whatever_is_typed_is_a_draft_or_an_error(**fields: Any) -> None:  # noqa: ANN401 - the point of it
    draft_or_errors(**fields)


@given(kind_and_target=st.sampled_from([("http", URL), ("tcp", "a:1"), ("ping", "a")]), chosen=setting_dicts)
def test_whatever_is_set_is_a_draft_or_an_error(kind_and_target, chosen: dict[str, Any]) -> None:
    kind, target = kind_and_target
    draft_or_errors(kind=kind, target=target, settings=chosen)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    target=st.just(URL) | plain.map(URL.__add__) | targets,
    name=plain | texts,
    interval=st.integers(5, 60) | st.integers(5, 86_400),
    timeout=st.none() | st.integers(1, 5) | st.integers(1, 60),
    down_after=st.integers(1, 20),
    up_after=st.integers(1, 20),
    chosen=good_settings,
)
def test_every_draft_can_be_stored_and_read_back(session, alice, vault, noon, chosen, **fields: Any) -> None:  # noqa: ANN401 - as typed
    draft = draft_or_errors(settings=chosen, **fields)
    if draft is None:
        return
    monitor = create_monitor(session, alice, draft, vault=vault, now=noon)
    session.refresh(monitor)
    assert (monitor.name, monitor.target, monitor.interval_seconds) == (
        draft.name,
        draft.target,
        draft.interval,
    )
    assert open_settings(monitor, vault) == draft.settings
