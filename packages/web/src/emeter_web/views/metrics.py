"""`/metrics`: for Prometheus, which sits at this machine or brings the token."""

from flask import Response, jsonify

from emeter_core.metrics import Access
from emeter_web import metrics


def show() -> Response:
    """Tell the metrics of this process."""
    allowed = metrics.may_read()
    if allowed is not Access.GRANTED:
        return _refuse(allowed)
    body, content_type = metrics.text()
    return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def targets() -> Response:
    """Tell where all processes tell theirs, as Prometheus' `http_sd_configs` reads it."""
    allowed = metrics.may_read()
    if allowed is not Access.GRANTED:
        return _refuse(allowed)
    found = metrics.list_targets()
    return jsonify(
        [
            {"targets": [each.address], "labels": {"process": each.process, "host": each.host}}
            for each in found
        ]
    )


def _refuse(allowed: Access) -> Response:
    answer = Response(f"{allowed.words}\n", allowed.value, mimetype="text/plain")
    if allowed is Access.NEEDS_TOKEN:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
