"""What a form asks for, held against the rules; nothing is hashed or written yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emeter_core.errors import Invalid

Attributes = Mapping[str, object]
Errors = dict[str, list[str]]

BLANK = "can't be blank"
WRONG_TYPE = "is invalid"


@dataclass(frozen=True, slots=True)
class Changeset:
    """Input and what is wrong with it, by field, the rule that failed last first.

    `changes` holds what was given for the fields that can be changed, and of anything else nothing.
    """

    required: tuple[str, ...]
    changes: Mapping[str, str] = field(repr=False)
    errors: Mapping[str, list[str]]

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def require_valid(self, more: Mapping[str, list[str]] | None = None) -> None:
        """Raise Invalid with all that is wrong, and with what was found wrong elsewhere."""
        errors = {name: messages for name, messages in {**self.errors, **(more or {})}.items() if messages}
        if errors:
            raise Invalid(errors)


def cast(attrs: Attributes, required: tuple[str, ...], errors: Mapping[str, list[str]]) -> Changeset:
    """Put a changeset together; what is blank or no text at all is no change."""
    given = {name: attrs.get(name) for name in required}
    changes = {name: value for name, value in given.items() if isinstance(value, str) and value.strip()}
    return Changeset(required, changes, {name: messages for name, messages in errors.items() if messages})


def text_errors(value: object) -> list[str]:
    """What is wrong with a required text before any rule is asked: it is missing, blank or no text."""
    if value is not None and not isinstance(value, str):
        return [WRONG_TYPE]
    return [] if value and value.strip() else [BLANK]
