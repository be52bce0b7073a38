"""Fields that forms share beyond those of WTForms."""

from collections.abc import Sequence

from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from emeter_core.monitors.kinds.hosts import IpFamily

_YES = frozenset({"true", "on", "yes", "1"})
_FAMILIES = ((IpFamily.ANY, "Either"), (IpFamily.IPV4, "IPv4 only"), (IpFamily.IPV6, "IPv6 only"))


class FlagField(BooleanField):
    """A tick whose absence says nothing: a hidden `false` goes before it, and the last value counts.

    So a request that does not mention the field leaves it as it was.
    """

    def process_formdata(self, valuelist: Sequence[str] | None) -> None:
        """Take the last value that was sent, if any was."""
        if valuelist:
            self.data = valuelist[-1].strip().lower() in _YES


def family_field() -> SelectField:
    """The choice of which addresses of a name are dialled."""
    choices = [SelectChoice(each.value, word) for each, word in _FAMILIES]
    return SelectField("Addresses", choices=choices, default=IpFamily.ANY.value)
