import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.guard import AddressGuard
from emeter_checker.kinds.host import BadTarget, read_host
from emeter_checker.kinds.http.target import read_target
from emeter_core.outcome import Reason


def words(text: str) -> list[str]:
    """A list, as long as it is, in few lines."""
    return text.split()


LOOPBACK = words("""
    127.0.0.1 127.1 127.0.1 0x7f.1 0x7f.0.0.1 0x7f000001 2130706433 017700000001 0177.0.0.1 0177.1
    127.0.0.1. 0X7F.1 127.0.0.0x1 %31%32%37.0.0.1 127%2e0%2e0%2e1 127。0。0。1
    127．0．0．1 １２７.0.0.1 ①②⑦.0.0.1
    𝟏𝟐𝟕.0.0.1 127.1.
""")  # noqa: RUF001 - ambiguous on purpose


@pytest.mark.parametrize("text", LOOPBACK)
def test_odd_spellings_of_loopback_are_read_as_what_would_be_dialled(text) -> None:
    host, literal = read_host(text)
    assert (host, literal) == ("127.0.0.1", "127.0.0.1")
    assert AddressGuard().verdict(literal)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
        ("0", "0.0.0.0"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("169.254.43518", "169.254.169.254"),
    ],
)
def test_other_literals(text, literal) -> None:
    assert read_host(text)[1] == literal


HONEST = words("""
    example.com EXAMPLE.com 02.example.com 0x7f.example.com 127.example.com 1e100.net a.b.c.d.e
    a_b.example.com example.com. xn--bcher-kva.example 3com.com 0x.example 127.0.0.1.example.com
    7.7.7.7.nip.io x--y.com -a.com localhost web 123abc a0x1 0xg 1.2.3.4x
""")


@pytest.mark.parametrize("text", HONEST)
def test_honest_names_stay_names(text) -> None:
    assert read_host(text) == (text.lower(), "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("ＡＢ.com", "ab.com"),  # noqa: RUF001 - fullwidth on purpose
    ],
)
def test_international_names(text, name) -> None:
    assert read_host(text) == (name, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a\\b",
        "a@b",
        "x" * 64,
        "a." * 127 + "bcd",
        "1.2.3.4.5",
        "256.0.0.1",
        "0x1ffffffff",
        "a%00b",
        "a%",
        ":",
        "[",
        "\u200d",
    ],
)
def test_what_is_no_host_is_refused(text) -> None:
    with pytest.raises(BadTarget):
        read_host(text)


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("http://EXAMPLE.com", "http://example.com/"),
        ("http://example.com:80/a?b#c", "http://example.com/a?b"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://example.com/ü?q=ä%20", "http://example.com/%C3%BC?q=%C3%A4%20"),
        ("http://example.com?x", "http://example.com/?x"),
    ],
)
def test_a_url_is_rebuilt_from_what_was_read(url, rebuilt) -> None:
    assert read_target(url).url == rebuilt


SCHEMES = words("""
    file ftp gopher dict ldap smtp imap pop3 telnet tftp ws wss data javascript jar sftp scp rtsp mailto ssh
""")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_schemes_are_blocked(scheme) -> None:
    with pytest.raises(BadTarget) as caught:
        read_target(f"{scheme}://example.com/")
    assert caught.value.reason is Reason.SCHEME_BLOCKED


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text) -> None:
    for url in (text, f"http://{text}", f"http://{text}/", f"http://a/{text}"):
        try:
            target = read_target(url)
        except BadTarget:
            continue
        assert target.url.isascii()
        assert target.url.isprintable()
        assert read_target(target.url) == target


@given(st.ip_addresses())
def test_an_address_is_read_as_itself(address) -> None:
    text = f"[{address}]" if address.version == 6 else str(address)
    assert read_target(f"http://{text}:8080/").literal == str(address)
