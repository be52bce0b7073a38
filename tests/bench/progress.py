"""What a person sees while the bench runs."""

import sys
import time


class Progress:
    """Lines on stderr, each with the seconds since the start; stdout is for the figures."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Say what begins now."""
        print(f"[{time.monotonic() - self._began:5.1f} s] {text}", file=sys.stderr, flush=True)
