"""The kinds of monitor: what their targets and settings may be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS, kind_of
from emeter_core.monitors.kinds.http import HttpSettings, Method, clean_url


def problems(**settings: object) -> str:
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate(settings)
    return "; ".join(problem["msg"] for problem in caught.value.errors())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_listed_under_its_name_and_fits_its_column(name: str) -> None:
    assert KINDS[name].name == name
    assert len(name) <= 20


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_encrypts_only_settings_that_it_has(name: str) -> None:
    kind = KINDS[name].settings
    assert kind.secret_fields <= set(kind.model_fields)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_it_does_and_has_defaults_for_all_of_it(name: str) -> None:
    settings = KINDS[name].settings()
    assert settings.described().lower().startswith(name)
    assert settings.model_dump(exclude_defaults=True) == {}


def test_no_two_kinds_have_targets_that_begin_alike() -> None:
    schemes = [scheme for kind in KINDS.values() for scheme in kind.schemes]
    assert len(schemes) == len(set(schemes))


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("http://a/", "http"),
        ("https://a/", "http"),
        (" TCP://a:1", "tcp"),
        ("ping://a", "ping"),
        ("gopher://a", "http"),
        ("tcp", "http"),
        ("", "http"),
    ],
)
def test_a_target_tells_its_kind(target: str, kind: str) -> None:
    assert kind_of(target) == kind


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/path?query=1#part",
        "HTTP://EXAMPLE.COM/",
        "http://example.com:8080/",
        "http://example.com:65535/",
        "http://example.com:/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "https://[2001:db8::1]:8443/",
        "http://bücher.example/",
        "http://例え.jp/パス",
        "http://xn--bcher-kva.example/",
        "http://localhost",
        "http://example.com/a%20b?c=@d:e",
    ],
)
def test_a_good_url_is_kept_as_it_was_written(url: str) -> None:
    assert clean_url(url) == url


def test_spaces_around_a_url_are_cut_off() -> None:
    assert clean_url(" \t http://example.com/\n") == "http://example.com/"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("example.com", "must start with http:// or https://"),
        ("//example.com/", "must start with http:// or https://"),
        ("ftp://example.com/", "must start with http:// or https://"),
        ("file:///etc/passwd", "must start with http:// or https://"),
        ("javascript:alert(1)", "must start with http:// or https://"),
        ("localhost:8000", "must start with http:// or https://"),
        ("http://", "must name a host, as in https://example.com/"),
        ("http:///path", "must name a host, as in https://example.com/"),
        ("http:example.com", "must name a host, as in https://example.com/"),
        ("http://:80/", "must name a host, as in https://example.com/"),
        ("http://user@example.com/", "must not hold a user or password: send them in a header"),
        ("http://user:password@example.com/", "must not hold a user or password: send them in a header"),
        ("http://@example.com/", "must not hold a user or password: send them in a header"),
        ("http://example.com\\@evil.example/", "must not hold a user or password: send them in a header"),
        ("http://exam ple.com/", "must not hold spaces or control characters"),
        ("http://example.com/a b", "must not hold spaces or control characters"),
        ("http://example.com/\N{NO-BREAK SPACE}b", "must not hold spaces or control characters"),
        ("http://exam\N{IDEOGRAPHIC SPACE}ple.com/", "must not hold spaces or control characters"),
        ("http://example.com/\0", "must not hold spaces or control characters"),
        ("http://example.com/\r\nHost: evil", "must not hold spaces or control characters"),
        ("http://example.com/\x7f", "must not hold spaces or control characters"),
        ("http://example.com/\x9f", "must not hold spaces or control characters"),
        ("http://example.com/\u202e", "must not hold spaces or control characters"),
        ("http://example.com/\ud800", "must not hold spaces or control characters"),
        ("http://example.com:0/", "must have a port between 1 and 65535"),
        ("http://example.com:65536/", "must have a port between 1 and 65535"),
        ("http://example.com:http/", "must have a port between 1 and 65535"),
        ("http://example.com:-1/", "must have a port between 1 and 65535"),
        ("http://example.com:\N{FULLWIDTH DIGIT EIGHT}0/", "must have a port between 1 and 65535"),
        ("http://::1/", "must have a port between 1 and 65535"),
        ("http://[::1/", "is not a valid URL: Invalid IPv6 URL"),
    ],
)
def test_a_bad_url_is_told_why(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"must|is not") as caught:
        clean_url(url)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "host",
    [
        *("exa..com", ".example.com", "example.com..", ".", "..", "exa\N{IDEOGRAPHIC FULL STOP}.com"),
        *("a" * 64, f"{'a' * 64}.com", f"www.{'ü' * 60}.com"),
    ],
)
def test_a_host_that_no_name_server_knows_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"must name a host (without empty parts|whose parts)"):
        clean_url(f"http://{host}:80/")


@pytest.mark.parametrize("host", ["example.com.", "localhost", f"{'a' * 63}.com", "[::1]", "bücher.example"])
def test_other_hosts_are_not(host: str) -> None:
    assert clean_url(f"http://{host}:80/") == f"http://{host}:80/"


def test_a_host_that_turns_into_another_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is not a valid URL: .*NFKC"):
        clean_url("http://example.com\N{FULLWIDTH SOLIDUS}.evil.example/")


def test_a_url_has_at_most_2048_bytes() -> None:
    url = "http://example.com/".ljust(2048, "a")
    assert clean_url(url) == url
    with pytest.raises(ValueError, match="has 2,049 bytes: at most 2,048 are taken"):
        clean_url(url[:-1] + "ä")


@given(st.one_of(st.text(), st.text().map("http://".__add__), st.from_regex(r"https?://[^/]*(:[0-9]*)?/")))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with suppress(ValueError):
        url = clean_url(text)
        assert clean_url(url) == url
        assert url.lower().startswith(("http://", "https://"))


def test_the_settings_of_http_have_the_defaults_of_the_design() -> None:
    chosen = HttpSettings()
    assert (chosen.method, chosen.expected_codes, chosen.max_redirects) == (Method.GET, "200-299", 10)
    assert (chosen.body_cap, chosen.verify_tls, chosen.ip_family) == (1024 * 1024, True, "any")


def test_expected_codes_are_kept_in_their_shortest_spelling() -> None:
    chosen = HttpSettings(expected_codes="204, 203,200 - 202")
    assert chosen.expected_codes == "200-204"
    assert 203 in chosen.codes


def test_wrong_codes_are_named() -> None:
    assert "'2xx' is no status code" in problems(expected_codes="200,2xx")


def test_settings_that_do_not_exist_are_refused() -> None:
    assert "Extra inputs are not permitted" in problems(follow=True)


@pytest.mark.parametrize("wrong", [{"headers": [["a secret", "a secret"]]}, {"body": ["a secret"]}])
def test_errors_do_not_hold_what_was_typed(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate({**wrong, "method": "POST"})
    assert "input_value" not in str(caught.value)


def test_secret_settings_are_not_shown() -> None:
    settings = HttpSettings(
        headers=(("X-Key", "a secret"),), body="a secret", method=Method.POST, keyword="k"
    )
    spec = CheckSpec(1, 1, "http", "http://example.com/", 5, settings)
    assert "a secret" not in f"{settings!r} {settings} {spec!r}"
    assert "keyword='k'" in repr(settings)
    assert "http://example.com/" in repr(spec)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        HttpSettings().method = Method.POST


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_without_a_body_refuses_one(method: str) -> None:
    assert f"a {method} request carries no body" in problems(method=method, body="text")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_other_methods_carry_a_body(method: str) -> None:
    assert HttpSettings(method=Method(method), body="text").body == "text"


def test_an_unknown_method_is_refused() -> None:
    assert "'GET', 'HEAD', 'POST'" in problems(method="BREW")


@pytest.mark.parametrize("name", ["", "X Y", "X:", "Bücher", "X\n", "X\0", "(x)"])
def test_a_header_needs_a_name(name: str) -> None:
    assert f"{name!r} is no header name" in problems(headers=[[name, "1"]])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION"])
def test_headers_that_the_check_sets_are_refused(name: str) -> None:
    assert f"{name} is set by the check itself" in problems(headers=[[name, "1"]])


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b", "\x1b", "\x7f"])
def test_a_header_value_holds_no_control_character(value: str) -> None:
    assert "the value of X-Key holds a control character" in problems(headers=[["X-Key", value]])


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "Bearer a.b-c==", "ünïcode", "a:b; c"])
def test_headers_are_kept_in_their_order_and_may_repeat(value: str) -> None:
    chosen = HttpSettings.model_validate({"headers": [["X-Key", value], ["X-Key", "2"], ["A", "3"]]})
    assert chosen.headers == (("X-Key", value), ("X-Key", "2"), ("A", "3"))


def test_there_are_at_most_fifty_headers() -> None:
    assert "at most 50 items" in problems(headers=[["X", "1"]] * 51)


@pytest.mark.parametrize("header", ["X: 1", ["X"], ["X", "1", "2"], ["X", 1], None])
def test_a_header_is_a_pair_of_texts(header: object) -> None:
    assert problems(headers=[header])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("keyword", "x" * 1025, "has 1,025 bytes: at most 1,024 are taken"),
        ("keyword", "a\0b", "must not hold a NUL character"),
        ("body", "x" * 12_289, "has 12,289 bytes: at most 12,288 are taken"),
        ("expected_codes", "200," * 1000 + "200", "at most 1000 characters"),
        ("max_redirects", -1, "greater than or equal to 0"),
        ("max_redirects", 21, "less than or equal to 20"),
        ("body_cap", 0, "greater than or equal to 1"),
        ("body_cap", 10 * 1024 * 1024 + 1, "less than or equal to 10485760"),
        ("ip_family", "ipv5", "'any', 'ipv4' or 'ipv6'"),
        ("verify_tls", "perhaps", "valid boolean"),
        ("keyword", "\ud800", "must be text"),
        ("body", "\ud800", "must be text"),
        ("headers", [("X", "\ud800")], "must be text"),
    ],
)
def test_every_setting_has_its_bounds(field: str, value: object, message: str) -> None:
    assert message in problems(**{"method": "POST", field: value})
