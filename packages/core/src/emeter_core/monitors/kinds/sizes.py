"""How long a text may be, in bytes: as it is sent, stored and typed into a form."""

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


def within(text: str, *, most: int) -> str:
    """The text; raises ValueError where it has more than `most` bytes, or halves of a surrogate pair."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must be text") from None
    if size > most:
        raise ValueError(f"has {size:,} bytes: at most {most:,} are taken")
    return text
