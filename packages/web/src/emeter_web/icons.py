"""Our icons and glyphs on a grid of 16 px, and the one sprite of a page, with what that page uses."""

from functools import cache, lru_cache

from flask import Flask, g
from markupsafe import Markup

# What a status looks like. The ground shows through a glyph in the colour that its component gives as --cut.
GLYPHS = {
    "up": '<circle cx="8" cy="8" r="4.25" fill="currentColor"/>',
    "degraded": (
        '<path d="M8 3 13.6 12.8H2.4Z" fill="currentColor" stroke="currentColor"'
        ' stroke-width="1.6" stroke-linejoin="round"/>'
        '<path d="M8 6.2v3.2M8 11.2v.1" stroke="var(--cut)" stroke-width="1.5" stroke-linecap="round"/>'
    ),
    "down": (
        '<rect x="1.75" y="1.75" width="12.5" height="12.5" rx="2.5" fill="currentColor"/>'
        '<path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" stroke="var(--cut)" stroke-width="1.75"'
        ' stroke-linecap="round"/>'
    ),
    "maintenance": (
        '<path d="m8 2.2 5.8 5.8L8 13.8 2.2 8Z" fill="none" stroke="currentColor"'
        ' stroke-width="1.6" stroke-linejoin="round"/>'
        '<circle cx="8" cy="8" r="1.6" fill="currentColor"/>'
    ),
    "paused": (
        '<path d="M5.6 3.75v8.5M10.4 3.75v8.5" stroke="currentColor" stroke-width="2.2"'
        ' stroke-linecap="round"/>'
    ),
    "pending": (
        '<circle cx="8" cy="8" r="4.9" fill="none" stroke="currentColor" stroke-width="1.7"'
        ' stroke-dasharray="1.7 2.148"/>'
    ),
    "no_data": (
        '<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        '<path d="M5.8 8h4.4" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>'
    ),
    "blocked": (
        '<circle cx="8" cy="8" r="5.4" fill="none" stroke="currentColor" stroke-width="1.6"/>'
        '<path d="m4.3 11.7 7.4-7.4" stroke="currentColor" stroke-width="1.6"/>'
    ),
    "unreachable": (
        '<rect x="2.5" y="2.5" width="11" height="11" rx="2" fill="none" stroke="currentColor"'
        ' stroke-width="1.5"/>'
        '<path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" stroke="currentColor" stroke-width="1.5"'
        ' stroke-linecap="round"/>'
    ),
    # No status: what there is to tell, good or bad.
    "info": (
        '<circle cx="8" cy="8" r="5.4" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        '<path d="M8 7.6v3M8 5.3v.1" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>'
    ),
}

# Outlines, drawn in 1.5 px with round ends in the colour of the text.
ICONS = {
    "again": "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.7h-2.7",
    "alerts": "M4 11V7a4 4 0 0 1 8 0v4l1.2 1.2H2.8L4 11ZM6.8 14.2h2.4",
    "check": "M3.5 8.5 6.5 11.5 12.5 5",
    "clock": "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3.2l2.2 1.3",
    "columns": "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
    "comment": "M2.5 3h11v8H8l-3 2.5V11H2.5Z",
    "copy": "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
    "dns": "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
    "dots": "M3.5 8h.01M8 8h.01M12.5 8h.01",
    "down": "M4.5 6.5 8 10l3.5-3.5",
    "download": "M8 2.5v7.5M5 7.5 8 10.5l3-3M3 13h10",
    "edit": "M3 13l.6-2.8 7.2-7.2 2.2 2.2-7.2 7.2L3 13Z",
    "eye": (
        "M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8ZM8 9.7a1.7 1.7 0 1 0 0-3.4"
        " 1.7 1.7 0 0 0 0 3.4"
    ),
    "globe": (
        "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM2.5 8h11M8 2.5c2 1.5 2.7 3.4 2.7 5.5S10 12"
        " 8 13.5M8 2.5C6 4 5.3 5.9 5.3 8S6 12 8 13.5"
    ),
    "heart": "M8 13 2.8 7.7a3 3 0 0 1 4.3-4.2L8 4.4l.9-.9a3 3 0 0 1 4.3 4.2Z",
    "help": (
        "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM6.4 6.5a1.6 1.6 0 1 1 2.3"
        " 1.5c-.5.3-.7.6-.7 1.2M8 11.1v.01"
    ),
    "hook": (
        "M8 6.5a2.5 2.5 0 1 1 2.3-1.4L12 9M8 4.5 5.5 9.3M4.3 13.5a2.3 2.3 0 1 1 1.4-4.1M5"
        " 11.3h5.5M12 13.5a2.3 2.3 0 1 0-1.5-4"
    ),
    "incidents": "M3.5 14V2.5M3.5 3h8.2l-1.9 3 1.9 3H3.5",
    "left": "M9.5 4.5 6 8l3.5 3.5",
    "link": (
        "M6.8 9.2a2.4 2.4 0 0 0 3.4 0l2.3-2.3a2.4 2.4 0 0 0-3.4-3.4l-.9.9M9.2 6.8a2.4 2.4 0 0"
        " 0-3.4 0L3.5 9.1a2.4 2.4 0 0 0 3.4 3.4l.9-.9"
    ),
    "lock": "M4 7.5h8v6H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2",
    "mail": "M2 3.5h12v9H2zM2.3 4l5.7 5 5.7-5",
    "maintenance": "M2.5 4.2h11v9.3h-11zM2.5 7h11M5.5 2.5v2.6M10.5 2.5v2.6",
    "monitors": "M2 12.5h12M3.5 12.5v-3M6.5 12.5v-3M9.5 12.5v-9M12.5 12.5v-3",
    "moon": "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z",
    "out": "M9.5 3H13v3.5M13 3 7.5 8.5M11 9.5V13H3V5h3.5",
    "overview": "M2.7 11.5a5.5 5.5 0 1 1 10.6 0M8 10.2l2.3-4.1M8 11.7v-.01",
    "pages": "M2.5 3h11v10h-11zM2.5 6h11M5 8.7h6M5 10.8h3.5",
    "pause": "M5.5 4v8M10.5 4v8",
    "ping": "M2 8h3l1.5-4 3 8L11 8h3",
    "play": "M5 3.5v9l7-4.5Z",
    "plug": "M5.5 2v3M10.5 2v3M4 5h8v2.5a4 4 0 0 1-8 0ZM8 11.5V14",
    "plus": "M8 3v10M3 8h10",
    "right": "M6.5 4.5 10 8l-3.5 3.5",
    "screen": "M2 3h12v8H2zM6 13.5h4",
    "search": "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.4 10.4l3.4 3.4",
    "settings": (
        "M2 4.5h6.5M12 4.5h2M10.2 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM2 11.5h2M7.5"
        " 11.5H14M5.8 13.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z"
    ),
    "snooze": "M5 5.5h4L5 10.5h4M10.5 2.5h3l-3 3.5h3",
    "sort": "M4.5 3v10M2.5 11l2 2 2-2M9 4h5M9 8h3.5M9 12h2",
    "tag": "M2.5 2.5h5.2l6 6-5.2 5.2-6-6ZM5.3 5.3h.01",
    "team": (
        "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.8 13.2c.3-2.2 2-3.4 4.2-3.4s3.9 1.2 4.2"
        " 3.4M10.6 3.3a2.4 2.4 0 0 1 0 4.5M12 10.2c1.3.5 2 1.5 2.2 3"
    ),
    "theme": "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 2.5v11M8 5l4.7-.5M8 8h5.5M8 11h4.5",
    "trash": "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 9h5.8l.6-9",
    "updown": "M5 6.3 8 3.3l3 3M5 9.7l3 3 3-3",
    "user": "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8ZM3 13.6c.5-2.4 2.4-3.8 5-3.8s4.5 1.4 5 3.8",
    "x": "M4.5 4.5l7 7M11.5 4.5l-7 7",
}


def icon(name: str, label: str = "") -> Markup:
    """Show an icon; one that stands alone has a label. Raises KeyError for a name that is none."""
    _used().add(name)
    return _icon(name, label)


@lru_cache(maxsize=1024)
def _icon(name: str, label: str) -> Markup:
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="i" viewBox="0 0 16 16" {}><use href="#i-{}"/></svg>').format(
        told, ICONS[name] and name
    )


@cache
def glyph(status: str, size: str = "") -> Markup:
    """Show the glyph of a status, the large one for `size="l"`; its word stands beside it.

    Raises KeyError for what is no status.
    """
    classes = f"g g-{size}" if size else "g"
    return Markup(
        '<svg class="{}" viewBox="0 0 16 16" data-status="{}" aria-hidden="true"><use href="#g-{}"/></svg>'
    ).format(classes, status, GLYPHS[status] and status)


def sprite() -> Markup:
    """Draw what the page used so far: its icons, and every glyph, for a live page may come to need any."""
    drawn = {f"g-{name}": drawing for name, drawing in GLYPHS.items()}
    drawn |= {f"i-{name}": f'<path d="{ICONS[name]}"/>' for name in sorted(_used())}
    symbols = (
        f'<symbol id="{name}" viewBox="0 0 16 16">{drawing}</symbol>' for name, drawing in drawn.items()
    )
    return Markup('<svg id="sprite" hidden>' + "".join(symbols) + "</svg>")  # noqa: S704 - our own drawings


def register(app: Flask) -> None:
    """Let templates use them."""
    app.jinja_env.globals.update(icon=icon, glyph=glyph, sprite=sprite)


def _used() -> set[str]:
    if "icons" not in g:
        g.icons = set()
    used: set[str] = g.icons
    return used
