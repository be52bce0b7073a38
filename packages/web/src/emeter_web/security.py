"""The headers of every answer, errors and static files included."""

import secrets

from flask import Flask, Response, g

_YEAR_S = 31_536_000
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    # Our own forms still name where they come from; nobody else learns a path.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " object-src 'none'"
)


def register(app: Flask, *, is_https: bool) -> None:
    """Send the headers with every answer; HSTS only where people come by https."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = _POLICY.format(nonce=csp_nonce())
        if is_https:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        return response


def csp_nonce() -> str:
    """What the scripts of this answer carry, so that no other runs."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    nonce: str = g.csp_nonce
    return nonce
