"""`/healthz`: for load balancers, other monitors, and people."""

from flask import Response, jsonify

from emeter_web import health


def show() -> Response:
    """Answer 200 where every part does its work, 503 otherwise, and say which does not."""
    parts = health.look()
    ok = all(part.ok for part in parts)
    answer = jsonify(ok=ok, parts=[part.as_dict() for part in parts])
    answer.status_code = 200 if ok else 503
    answer.headers["Cache-Control"] = "no-store"
    return answer
