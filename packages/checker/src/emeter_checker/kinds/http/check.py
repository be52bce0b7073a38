"""One check of the `http` kind, from look-up to verdict, over all its redirects."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pycurl

from emeter_checker.kinds.addresses import LOOK_UP_MAX_S, TRY_NEXT, forbidden, in_order
from emeter_checker.kinds.base import Check
from emeter_checker.kinds.evidence import BODY_READ, Certificate, certificate, without_secrets
from emeter_checker.kinds.host import BadTarget
from emeter_checker.kinds.http import fields, tls, verdict
from emeter_checker.kinds.http.body import Stop
from emeter_checker.kinds.http.evidence import headers, received
from emeter_checker.kinds.http.handles import Handle, Shape
from emeter_checker.kinds.http.judge import judge
from emeter_checker.kinds.http.redirects import follow
from emeter_checker.kinds.http.request import Prepared, Request
from emeter_checker.kinds.http.secrets import secrets_of
from emeter_checker.kinds.http.transfer import Ended, ended
from emeter_checker.kinds.verdict import of_connect, of_look_up
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors import expected_by
from emeter_core.outcome import Outcome, Phases, Reason

if TYPE_CHECKING:
    from emeter_checker.kinds.http.probe import HttpProbe


class HttpCheck(Check):
    """A chain of hops: each is resolved, vetted, dialled and judged; the last one gives the outcome."""

    __slots__ = (
        "_address",
        "_addresses",
        "_certificate",
        "_chain",
        "_code",
        "_dns",
        "_ends_at",
        "_glimpse",
        "_handle",
        "_phases",
        "_prepared",
        "_probe",
        "_refused",
        "_request",
        "_resolving_since",
    )

    def __init__(self, probe: "HttpProbe", spec: CheckSpec, prepared: Prepared) -> None:
        super().__init__(spec)
        self._probe = probe
        self._prepared = prepared
        self._request = prepared.request
        self._address = ""
        self._addresses: list[str] = []
        self._certificate: Certificate | None = None
        self._ends_at: datetime | None = None
        self._chain: list[dict[str, Any]] = []
        self._code = 0
        self._dns = 0
        self._resolving_since = 0.0
        self._phases: Phases | None = None
        self._handle: Handle | None = None
        # The first address that could not be connected: (reason, libcurl's words).
        self._refused: tuple[Reason, str] | None = None
        # What remains to be said once the certificate has been looked at: (handle, reason, words).
        self._glimpse: tuple[Any, Reason, str] | None = None

    def start(self) -> None:
        """Begin with the request of the monitor."""
        self._go(self._prepared.request)

    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Go on with the addresses of the name, or end without."""
        if self.ended:
            return
        self._stop_resolving()
        if status:
            self._conclude(of_look_up(status))
        elif not addresses:
            self._conclude(Reason.NAME_NOT_FOUND)
        else:
            self._vet(addresses)

    def transferred(self, error: int, text: str) -> None:
        """Judge the hop that has ended, and go on or conclude."""
        handle = self._handle
        if self._glimpse is not None:
            self._end_glimpse()
        elif handle is not None:
            shape = handle.shape
            hop = ended(handle.curl, error, text, tls=shape.tls)
            self._add(hop.phases)
            self._code = hop.code
            if shape.tls:
                self._note_certificate(handle.curl)
            if error and handle.body.stop is Stop.NO:
                self._failed(handle, hop)
            else:
                self._answered(handle, hop)

    def expired(self) -> None:
        """End a check that neither c-ares nor libcurl ended at its deadline.

        That the target kept silent until then is true all the same; if the engine was away meanwhile, and
        they for that reason, it knows.
        """
        if self._glimpse is not None:
            self._end_glimpse()
        elif self._resolving_since:
            self._stop_resolving()
            self._conclude(Reason.NAME_SERVER_SILENT)
        elif self._handle is not None:
            hop = ended(self._handle.curl, pycurl.E_OPERATION_TIMEDOUT, "", tls=self._handle.shape.tls)
            self._add(hop.phases)
            self._conclude(Reason.TIMEOUT if hop.connected else Reason.CONNECT_TIMEOUT)
        else:
            self._conclude(Reason.TIMEOUT)

    def release(self) -> None:
        """Give the handle back, and up what is still in flight."""
        if self._glimpse is not None:
            curl = self._glimpse[0]
            self._glimpse = None
            self._probe.transfers.abort(curl)
            curl.close()
        self._give_handle()

    def _go(self, request: Request) -> None:
        """Begin a hop."""
        self._request = request
        target = request.target
        self._refused = None
        if target.literal:
            self._vet((target.literal,))
            return
        now = self._resolving_since = time.monotonic()
        deadline = min(now + LOOK_UP_MAX_S, self.deadline)
        self._probe.resolver.resolve(target.host, self._prepared.family, deadline, self)

    def _vet(self, addresses: Sequence[str]) -> None:
        """Dial only if every address of the answer may be dialled: a mixed one is an attack or a mistake."""
        blocked = forbidden(self._probe.guard, addresses, self._request.target.port)
        if blocked is not None:
            self._address, why = blocked
            self._conclude(Reason.ADDRESS_BLOCKED, why)
            return
        self._addresses = in_order(addresses)
        self._dial()

    def _dial(self) -> None:
        """Begin the transfer from the next address."""
        self._address = self._addresses.pop(0)
        milliseconds = round((self.deadline - time.monotonic()) * 1000)
        if milliseconds <= 0:
            self._conclude(Reason.CONNECT_TIMEOUT)
            return
        request, prepared, probe = self._request, self._prepared, self._probe
        shape = Shape(request.method, request.target.scheme == "https", prepared.verify)
        handle = self._handle = probe.handles.take(shape)
        handle.body.begin(prepared.body_cap, prepared.kept, prepared.followed, prepared.keyword)
        handle.aim(request, self._address, milliseconds)
        probe.transfers.begin(handle.curl, self)

    def _failed(self, handle: Handle, hop: Ended) -> None:
        """Conclude from a transfer that broke, unless there is another address to try."""
        if hop.error == pycurl.E_COULDNT_CONNECT:
            self._not_connected(of_connect(handle.curl.getinfo(pycurl.OS_ERRNO), self._address), hop.text)
        elif hop.error == pycurl.E_PEER_FAILED_VERIFICATION:
            reason = verdict.of_certificate(handle.curl.getinfo(pycurl.SSL_VERIFYRESULT))
            self._distrust(reason, hop.text)
        else:
            answered, broke = bool(handle.body.lines), handle.curl.getinfo(pycurl.OS_ERRNO) != 0
            reason = verdict.of_transfer(hop.error, connected=hop.connected, answered=answered, broke=broke)
            if reason is Reason.RESPONSE_CUT_OFF and hop.code not in self._prepared.codes:
                # As `judge` has it: the code is what a person asks for first.
                reason = Reason.UNEXPECTED_CODE
            self._conclude(reason, hop.text)

    def _not_connected(self, reason: Reason, text: str) -> None:
        """Try the next address; when there is none, the first failure that tells of the target counts."""
        if self._refused is None or self._refused[0] is Reason.NETWORK_UNAVAILABLE:
            self._refused = (reason, text)
        if self._addresses and reason in TRY_NEXT:
            self._give_handle()
            self._dial()
        else:
            self._conclude(*self._refused)

    def _distrust(self, reason: Reason, text: str) -> None:
        """Conclude from a bad certificate, after a look at it where libcurl broke off before it kept it.

        That takes a second connection, which asks nothing: no request goes to a server without proof.
        """
        milliseconds = round((self.deadline - time.monotonic()) * 1000)
        if self._certificate is not None or milliseconds <= 0:
            self._conclude(reason, text)
            return
        curl = self._probe.handles.glimpse(self._request, self._address, milliseconds)
        self._glimpse = (curl, reason, text)
        self._probe.transfers.begin(curl, self)

    def _end_glimpse(self) -> None:
        if self._glimpse is not None:
            curl, reason, text = self._glimpse
            self._note_certificate(curl)
            self._conclude(reason, text)

    def _answered(self, handle: Handle, hop: Ended) -> None:
        """Follow a redirect, else judge the answer."""
        if hop.code not in self._prepared.followed or handle.body.stop is Stop.HEADERS_TOO_LARGE:
            self._conclude(judge(self._prepared, hop.code, handle.body))
        elif len(self._chain) >= self._prepared.max_redirects:
            self._conclude(Reason.TOO_MANY_REDIRECTS)
        else:
            self._redirect(hop.code, fields.values(handle.body.lines, b"location"))

    def _redirect(self, code: int, locations: list[bytes]) -> None:
        try:
            request = follow(self._request, code, locations)
        except BadTarget as bad:
            self._conclude(bad.reason, str(bad))
            return
        self._chain.append({"code": code, "url": self._request.target.url})
        self._give_handle()
        self._go(request)

    def _conclude(self, reason: Reason, text: str = "") -> None:
        dns, connect, tls_, wait, transfer = self._phases or Phases()
        phases = Phases(dns + self._dns, connect, tls_, wait, transfer)
        shown = self._evidence(reason, text, phases) if reason is not Reason.OK else {}
        self.finish(Outcome(reason, phases, self._code, self._address, self._ends_at, shown))

    def _evidence(self, reason: Reason, text: str, phases: Phases) -> dict[str, Any]:
        first = self._prepared.request
        body = self._handle.body if self._handle is not None else None
        url, final = first.target.url, self._request.target.url
        shown = {
            "url": url,
            "final_url": final if final != url else "",
            "address": self._address,
            "code": self._code,
            "said": fields.said(body.lines) if body is not None else "",
            "expected": expected_by(self.spec.settings, self.spec.timeout_seconds, reason),
            "error": text,
            "received": received(body) if reason is Reason.RESPONSE_CUT_OFF and body else {},
            "redirects": self._chain,
            "headers": headers(body.lines) if body is not None else [],
            "body": body.text(BODY_READ) if body is not None else "",
            "phases": phases._asdict(),
            "certificate": certificate(self._certificate),
        }
        return without_secrets(shown, secrets_of(first.fields, first.body))

    def _add(self, phases: Phases) -> None:
        """Add up the phases of all hops."""
        if self._phases is None:
            self._phases = phases
        else:
            self._phases = Phases(*map(sum, zip(self._phases, phases, strict=True)))

    def _stop_resolving(self) -> None:
        self._dns += round((time.monotonic() - self._resolving_since) * 1_000_000)
        self._resolving_since = 0.0

    def _note_certificate(self, curl: Any) -> None:  # noqa: ANN401 - pycurl has no types
        """Keep the certificate of the hop, and of all hops the end that comes first."""
        self._certificate = tls.leaf(curl)
        ends_at = self._certificate.ends_at if self._certificate is not None else None
        if ends_at is not None and (self._ends_at is None or ends_at < self._ends_at):
            self._ends_at = ends_at

    def _give_handle(self) -> None:
        handle = self._handle
        if handle is not None:
            self._handle = None
            self._probe.transfers.abort(handle.curl)
            self._probe.handles.give(handle)
