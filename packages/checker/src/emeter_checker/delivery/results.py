"""How an attempt to deliver ended, in words for the person who waits for it."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Receipt:
    """The message was taken. `code` is what the receiver answered, 0 where there was nobody to answer."""

    text: str
    code: int = 0


class DeliveryError(Exception):
    """A delivery that failed. The message is shown to people: it holds no URL, password or traceback.

    `permanent` says that trying again is in vain, `retry_after` how long the receiver asks to be left alone,
    `code` what it answered (0 where it did not).
    """

    def __init__(
        self, text: str, *, permanent: bool = False, retry_after: timedelta | None = None, code: int = 0
    ) -> None:
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.retry_after = retry_after
        self.code = code
