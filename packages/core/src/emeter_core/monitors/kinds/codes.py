"""Sets of status codes, written as people write them: `200-299,301`."""

import re
from dataclasses import dataclass

_PART = re.compile(r"(\d{3})(?:\s*-\s*(\d{3}))?", re.ASCII)
_LOWEST, _HIGHEST = 100, 599


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A set of HTTP status codes; `str()` gives its shortest spelling."""

    codes: frozenset[int]

    def __contains__(self, code: int) -> bool:
        return code in self.codes

    def __str__(self) -> str:
        return ",".join(
            f"{low}-{high}" if high > low else f"{low}" for low, high in _runs(sorted(self.codes))
        )


def parse_codes(text: str) -> CodeSet:
    """Read `200-299,301` into a set; raises ValueError that names the part which is wrong."""
    codes: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{part.strip()!r} is no status code or range: write them like 200-299,301")
        low = int(found[1])
        high = int(found[2] or low)
        if not _LOWEST <= low <= high <= _HIGHEST:
            raise ValueError(
                f"{part.strip()!r} must lie within {_LOWEST} to {_HIGHEST}, the lower code first"
            )
        codes.update(range(low, high + 1))
    return CodeSet(frozenset(codes))


def _runs(codes: list[int]) -> list[tuple[int, int]]:
    """The stretches of neighbouring numbers in a sorted list, as (first, last)."""
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return runs
