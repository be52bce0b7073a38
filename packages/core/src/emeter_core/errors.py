"""What a context refuses: a stranger's row, or input that is wrong at a named field."""

from collections.abc import Mapping

from emeter_storage.errors import UserError


class NotFound(UserError):  # noqa: N818 - the word of every context, page and test
    """There is no such thing for this scope: it does not exist, or it is another team's."""


class Invalid(UserError):  # noqa: N818 - the same
    """Input that is wrong. `fields` maps each field to what is wrong with it."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self.fields = dict(fields)
        lines = (f"{field} {message}" for field, messages in self.fields.items() for message in messages)
        super().__init__("\n".join(lines))
