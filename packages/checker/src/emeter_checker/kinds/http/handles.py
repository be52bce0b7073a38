"""The pool of libcurl handles: what never changes is set once per handle, the rest per request."""

from collections import defaultdict
from typing import Any, NamedTuple

import pycurl

from emeter_checker.kinds.http.body import Body
from emeter_checker.kinds.http.request import Request

_IDLE_MAX = 512
"""Idle handles kept per shape; a burst beyond it makes new ones (about 0.05 ms each)."""

_PLAIN_METHODS = frozenset({"GET", "HEAD"})


class Shape(NamedTuple):
    """What sets one handle apart from another for good."""

    method: str
    tls: bool
    verify: bool


class Handle:
    """One libcurl handle and the body it reads into."""

    __slots__ = ("_address", "_lines", "_timeout", "body", "curl", "shape")

    def __init__(self, shape: Shape, user_agent: str, ca_file: str) -> None:
        self.shape = shape
        self.body = Body()
        self.curl: Any = _curl(shape, user_agent, ca_file)
        # No Python frame per header line: the bound method of the list is C.
        self.curl.setopt(pycurl.HEADERFUNCTION, self.body.lines.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self.body.write)
        self._address = ""
        self._lines: object = None
        self._timeout = 0

    def aim(self, request: Request, address: str, milliseconds: int) -> None:
        """Set what is this request's own; what is the same as last time stays."""
        curl = self.curl
        curl.setopt(pycurl.URL, request.target.url)
        if address != self._address:
            curl.setopt(pycurl.CONNECT_TO, [_connect_to(address)])
            self._address = address
        if request.lines is not self._lines:
            curl.setopt(pycurl.HTTPHEADER, request.lines)
            self._lines = request.lines
        if milliseconds != self._timeout:
            curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
            self._timeout = milliseconds
        if self.shape.method not in _PLAIN_METHODS:
            curl.setopt(pycurl.POSTFIELDS, request.body)


class Handles:
    """Handles by shape, the last one back the first one out."""

    def __init__(self, user_agent: str, ca_file: str) -> None:
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._idle: defaultdict[Shape, list[Handle]] = defaultdict(list)

    def take(self, shape: Shape) -> Handle:
        """Take an idle handle of this shape, or make one."""
        idle = self._idle[shape]
        return idle.pop() if idle else Handle(shape, self._user_agent, self._ca_file)

    def give(self, handle: Handle) -> None:
        """Take a handle back."""
        idle = self._idle[handle.shape]
        if len(idle) < _IDLE_MAX:
            handle.body.drop()
            idle.append(handle)
        else:
            handle.curl.close()

    def glimpse(self, request: Request, address: str, milliseconds: int) -> Any:  # noqa: ANN401 - pycurl has no types
        """A handle that shakes hands, whatever the certificate, and asks nothing; the caller closes it."""
        curl = _curl(Shape("GET", tls=True, verify=False), self._user_agent, self._ca_file)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.URL, request.target.url)
        curl.setopt(pycurl.CONNECT_TO, [_connect_to(address)])
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        return curl

    def close(self) -> None:
        """Close every idle handle."""
        for idle in self._idle.values():
            for handle in idle:
                handle.curl.close()
        self._idle.clear()


def _connect_to(address: str) -> str:
    """Whatever host and port the URL names: this address, and the URL's port."""
    return f"::[{address}]:" if ":" in address else f"::{address}:"


def _curl(shape: Shape, user_agent: str, ca_file: str) -> Any:  # noqa: ANN401 - pycurl has no types
    curl = pycurl.Curl()
    for option, value in _CONSTANT.items():
        curl.setopt(option, value)
    curl.setopt(pycurl.USERAGENT, user_agent)
    if shape.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif shape.method not in _PLAIN_METHODS:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, shape.method)
    if shape.tls:
        curl.setopt(pycurl.CAINFO, ca_file)
        curl.setopt(pycurl.SSL_CIPHER_LIST, _CIPHERS)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, int(shape.verify))
        curl.setopt(pycurl.SSL_VERIFYHOST, 2 if shape.verify else 0)
    return curl


# No Diffie-Hellman in a group of the server's choice, as in browsers: one of 10,000 bits takes 0.6 s.
_CIPHERS = "DEFAULT:!kDHE"

_CONSTANT = {
    pycurl.NOSIGNAL: 1,
    # A proxy of the environment would dial what the guard never saw.
    pycurl.PROXY: "",
    pycurl.NOPROXY: "*",
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.FOLLOWLOCATION: 0,
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    # Each check stands for a new visitor: own connection, full handshake.
    pycurl.FRESH_CONNECT: 1,
    pycurl.FORBID_REUSE: 1,
    pycurl.SSL_SESSIONID_CACHE: 0,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
    pycurl.HTTP09_ALLOWED: 0,
    # The body is inflated by us, with a cap: see body.py.
    pycurl.HTTP_CONTENT_DECODING: 0,
    pycurl.PATH_AS_IS: 1,
}
