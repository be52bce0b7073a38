"""`/healthz`: for load balancers, other monitors, and people."""

from flask import Response, jsonify, make_response, render_template, request

from emeter_web import health
from emeter_web.errors import RETRY_AFTER_S

_JSON, _PAGE = "application/json", "text/html"


def show() -> Response:
    """Answer 200 where every part does its work, 503 otherwise, and say which does not; as JSON or a page."""
    seen = health.look()
    is_page = request.accept_mimetypes.best_match([_JSON, _PAGE]) == _PAGE
    shown = render_template("health/show.html", seen=seen) if is_page else jsonify(seen.as_dict())
    answer = make_response(shown)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Accept")
    if not seen.is_well:
        answer.status_code = 503
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
