"""Public ids: uuids, as they come in from URLs and command lines."""

import uuid


def read_uuid(value: uuid.UUID | str) -> uuid.UUID | None:
    """The id that was written; None where it is none, so that it names nothing."""
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
