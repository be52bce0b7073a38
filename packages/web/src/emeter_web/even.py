"""Answers that take equally long, whatever was found: who measures them learns nothing (accounts.md, 4.6)."""

import time
from functools import wraps

from flask.typing import ResponseReturnValue

from emeter_web import db
from emeter_web.db import View

# What a hash costs, and twenty times what these views do. Who waits holds one of the server's 256 threads and
# no connection; the limits of mails let one address have sixty of them in five minutes.
LEAVES_AFTER_S = 0.25


def even(view: View) -> View:
    """Have all answers of this view leave at the same time after it began, with its transaction committed."""

    @wraps(view)
    def evenly(**arguments: object) -> ResponseReturnValue:
        leaves_at = time.monotonic() + LEAVES_AFTER_S
        answer = view(**arguments)
        db.pause_transaction()
        time.sleep(max(0.0, leaves_at - time.monotonic()))
        return answer

    return evenly
