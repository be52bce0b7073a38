"""What a device is called in the list of sessions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.accounts import name_device
from emeter_core.characters import has_controls

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = f"{WEBKIT} Chrome/149.0.0.0"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/149.0", "Edge on Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 OPR/120.0", "Opera on Linux"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/19.0 Safari/605",
            "Safari on macOS",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} Version/19 Mobile/1 Safari/6",
            "Safari on iPhone",
        ),
        (f"Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) {WEBKIT} CriOS/149.0 Safari/604", "Chrome on iPad"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 16000.0.0) {CHROME} Safari/537.36", "Chrome on ChromeOS"),
        ("Firefox/149.0", "Firefox"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", "Unknown device"),
        ("   ", "Unknown device"),
        ("\0\r\n\x1b", "Unknown device"),
        ("bell\x07ringer", "bellringer"),
    ],
)
def test_a_device_has_a_name_that_people_know(agent: str, name: str) -> None:
    assert name_device(agent) == name


@given(st.text(st.characters(exclude_categories=())))
def test_any_header_gives_a_short_name_without_controls(agent: str) -> None:
    name = name_device(agent)
    assert 0 < len(name) <= 60
    assert not has_controls(name)


@given(st.text(max_size=200))
def test_a_name_names_itself(agent: str) -> None:
    assert name_device(name_device(agent)) in {name_device(agent), name_device(agent).strip()}
