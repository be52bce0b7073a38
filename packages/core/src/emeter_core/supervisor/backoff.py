"""How long to wait before what died is started again."""

SHORTEST = 0.2
LONGEST = 10.0
_LONG_LIFE = 30.0


class Backoff:
    """Pauses that double from 0.2 s to `longest` while lives are short, and begin anew after one of 30 s.

    The pause is the least time between two starts: who lived longer than that is back at once.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._next = SHORTEST

    def pause(self, life: float) -> float:
        """Return the seconds to wait after a life of `life` seconds."""
        if life >= _LONG_LIFE:
            self._next = SHORTEST
        wanted, self._next = self._next, min(2 * self._next, self._longest)
        return max(SHORTEST, wanted - life)
