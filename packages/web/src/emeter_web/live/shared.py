"""Pages that fetch themselves again: what all of a team see alike is made once, and sent without the rest.

A page that was asked to fetch itself does so with `X-Live: <copy>`. Its view is marked `@shared`: what it
shows in `main` depends on the team, the role and the address alone: it is made for one and sent to more.
"""

import gzip
import re
import time
from collections.abc import Callable, Mapping
from functools import wraps

from flask import Response, current_app, g, make_response, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue

from emeter_web import csrf, db
from emeter_web.live.copies import Copies, Copy
from emeter_web.live.hub import Hub
from emeter_web.live.revision import note_revision

HEADER = "X-Live"
_OK = 200
_HTML = "text/html"
# What the script puts into the page that is open. None of them holds another of its kind.
_PARTS = re.compile(
    r'<title>.*?</title>|<meta name="live".*?>|<nav class="nav".*?</nav>|<a class="ours".*?</a>'
    r'|<main\b.*?</main>|<svg id="sprite".*?</svg>',
    re.DOTALL,
)

View = Callable[..., ResponseReturnValue]


def shared(view: View) -> View:
    """Mark a view whose page fetches itself again, and answer those fetches from one copy."""

    @wraps(view)
    def answer(**arguments: object) -> ResponseReturnValue:
        if g.scope is None:
            return view(**arguments)
        if HEADER not in request.headers:
            note_revision()
            return view(**arguments)
        begun = time.thread_time()
        response = _from_copy(view, arguments)
        hub: Hub = current_app.extensions["emeter_hub"]
        hub.budget.learn(time.thread_time() - begun)
        return response

    answer.is_shared = True  # type: ignore[attr-defined]  # read by `live_meta`
    return answer


def cut(page: str) -> str:
    """Leave of a page what the script puts into the one that is open."""
    return "<!doctype html>" + "".join(_PARTS.findall(page))


def _from_copy(view: View, arguments: Mapping[str, object]) -> Response:
    _leave_out_what_is_personal()
    copies: Copies = current_app.extensions["emeter_copies"]
    key = (g.scope.team.id, g.scope.role, request.headers[HEADER], request.full_path)
    # Who waits for a copy, waits without a connection to the database.
    db.pause_transaction()
    try:
        return _sent(copies.get(key, lambda: _made(view, arguments)))
    except _NotCopied as other:
        return other.response


class _NotCopied(Exception):  # noqa: N818 - it carries the answer that is sent instead
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _made(view: View, arguments: Mapping[str, object]) -> Copy:
    """The copy of what a view answers; raises _NotCopied with an answer that is none, as a redirect."""
    note_revision()
    response = make_response(view(**arguments))
    if response.status_code != _OK:
        raise _NotCopied(response)
    text = response.get_data(as_text=True)
    body = cut(text) if response.mimetype == _HTML else text
    return Copy(response.mimetype or _HTML, gzip.compress(body.encode(), compresslevel=5))


def _sent(copy: Copy) -> Response:
    response = Response(copy.body, mimetype=copy.mimetype)
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.set_data(gzip.decompress(copy.body))
    return response


def _leave_out_what_is_personal() -> None:
    """Make no CSRF token, and keep what the last request has to say for the page that it was said to."""
    setattr(g, csrf.FIELD, "")
    request_ctx.flashes = []
