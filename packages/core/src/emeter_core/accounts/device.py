"""What a person calls a device: `Firefox on Linux`, out of a User-Agent header."""

import re

from emeter_core.characters import has_controls

UNKNOWN = "Unknown device"
_MAX = 60

# The first that fits: every browser also claims to be those below it.
_BROWSERS = (
    ("Edge", re.compile(r"Edg(e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/|Opera/")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrome/|Chromium/|CriOS/")),
    ("Safari", re.compile(r"Version/.*Safari/")),
)
_SYSTEMS = (
    ("Windows", re.compile(r"Windows")),
    ("Android", re.compile(r"Android")),
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("macOS", re.compile(r"Mac OS X|Macintosh")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Linux", re.compile(r"Linux|X11")),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}(?![A-Za-z0-9_-])", re.ASCII)


def name_device(user_agent: str) -> str:
    """Name the device; one that is unknown by what it calls itself, in at most 60 characters."""
    return _known_name(user_agent) or _own_words(user_agent) or UNKNOWN


def name_device_in_mail(user_agent: str) -> str:
    """Name the device; of one that is unknown only the first word of what it calls itself, as `curl`.

    Whoever registers with a stranger's e-mail has no say in what we write to them: no sentence, no link.
    """
    product = _PRODUCT.match(user_agent)
    return _known_name(user_agent) or (product[0] if product else UNKNOWN)


def _known_name(user_agent: str) -> str:
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if browser and system else browser


def _first(names: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str) -> str:
    return next((name for name, pattern in names if pattern.search(user_agent)), "")


def _own_words(user_agent: str) -> str:
    visible = "".join(character for character in user_agent[:_MAX] if not has_controls(character))
    return visible.strip()
