"""Paths that a redirect may take: they stay on this site."""

HOME = "/"


def is_local(path: str) -> bool:
    """Whether a redirect there stays on this site: one slash in front, no trick of a browser behind it."""
    begins_well = path.startswith("/") and not path.startswith("//")
    return begins_well and "\\" not in path and path.isascii() and path.isprintable()
