"""What the evidence of the `http` kind has besides that of all kinds: the header of the answer. Pure."""

from collections.abc import Sequence

from emeter_checker.kinds.evidence import VALUE_MAX
from emeter_checker.kinds.http import fields

_FIELDS_MAX = 8192


def headers(lines: Sequence[bytes]) -> list[list[str]]:
    """The fields of the last answer, as many as 100 fields and 8 KiB hold if each is cut at 2 KiB.

    They are cut at twice that here, so that a secret at the cut is whole when it is looked for.
    """
    shown: list[list[str]] = []
    room = _FIELDS_MAX
    for line in fields.final_block(lines)[: fields.MAX_LINES]:
        name, _, value = line.partition(b":")
        pair = [part.strip()[: 2 * VALUE_MAX].decode("latin-1") for part in (name, value)]
        room -= sum(min(len(part), VALUE_MAX) for part in pair)
        if room < 0:
            break
        shown.append(pair)
    return shown
