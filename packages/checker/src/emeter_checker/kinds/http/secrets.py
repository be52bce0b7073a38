"""What of a request must not be shown. Pure."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from emeter_checker.kinds.hider import SECRET_MIN
from emeter_checker.kinds.http.request import Fields


def secrets_of(fields: Fields, body: bytes) -> set[str]:
    """What the user sends in secret: values of headers and words in them, the body and strings in it."""
    text = body.decode("utf-8", "replace")
    found = {text, text.strip(), *_strings(text)}
    for _, value in fields:
        found.update((value, value.strip(), *value.split()))
    return {secret for secret in found if len(secret.strip()) >= SECRET_MIN}


def _strings(text: str) -> Iterator[str]:
    """The strings in a body of JSON or of a form; keys are no secrets."""
    try:
        waiting = [json.loads(text, object_pairs_hook=lambda pairs: [value for _, value in pairs])]
    except (ValueError, RecursionError):
        yield from (value for _, value in parse_qsl(text))
        return
    while waiting:
        part: Any = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            waiting.extend(part)
