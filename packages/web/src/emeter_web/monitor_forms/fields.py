"""Fields that forms share beyond those of WTForms."""

from collections.abc import Sequence

from wtforms import BooleanField

_YES = frozenset({"true", "on", "yes", "1"})


class FlagField(BooleanField):
    """A tick whose absence says nothing: a hidden `false` goes before it, and the last value counts.

    So a request that does not mention the field leaves it as it was.
    """

    def process_formdata(self, valuelist: Sequence[str] | None) -> None:
        """Take the last value that was sent, if any was."""
        if valuelist:
            self.data = valuelist[-1].strip().lower() in _YES
