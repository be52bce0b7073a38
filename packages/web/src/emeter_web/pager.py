"""Which pages of a list there are, and which of them a pager names."""

from dataclasses import dataclass

_AROUND = 1


@dataclass(frozen=True, slots=True)
class Pages:
    """Page `number` (from 1) of a list of `total` rows."""

    number: int
    total: int
    per_page: int

    @property
    def last(self) -> int:
        """The number of the last page, 1 for an empty list."""
        return max(-(-self.total // self.per_page), 1)

    @property
    def first_row(self) -> int:
        """The first row of this page, from 1."""
        return min((self.number - 1) * self.per_page + 1, self.total)

    @property
    def last_row(self) -> int:
        """The last row of this page."""
        return min(self.number * self.per_page, self.total)

    @property
    def shown(self) -> list[int]:
        """The pages to name: first, last and those around; 0 where some are left out."""
        near = range(self.number - _AROUND, self.number + _AROUND + 1)
        named = sorted({1, self.last, *(number for number in near if 1 <= number <= self.last)})
        shown: list[int] = []
        for number in named:
            # One page alone is named rather than left out.
            if shown and number - shown[-1] == 2:  # noqa: PLR2004 - the one in between
                shown.append(number - 1)
            elif shown and number - shown[-1] > 1:
                shown.append(0)
            shown.append(number)
        return shown
