"""The probe of the `http` kind: what its checks share."""

from collections.abc import Sequence
from typing import ClassVar

from emeter_checker.guard import AddressGuard
from emeter_checker.kinds.base import Check, Probe, Resolver, Services, Transfers
from emeter_checker.kinds.evidence import clean
from emeter_checker.kinds.host import BadTarget
from emeter_checker.kinds.http.check import HttpCheck
from emeter_checker.kinds.http.handles import Handles
from emeter_checker.kinds.http.request import Prepared, prepare
from emeter_core.checks.spec import CheckSpec
from emeter_core.outcome import Outcome

_PREPARED_MAX = 50_000
"""Monitors whose settings are kept ready: more than one engine can check in a minute."""


class HttpProbe(Probe):
    """Keeps ready what is the same from check to check: parsed settings and libcurl handles."""

    kind: ClassVar[str] = "http"

    def __init__(self, services: Services) -> None:
        self.guard: AddressGuard = services.guard
        self.resolver: Resolver = services.resolver
        self.transfers: Transfers = services.transfers
        self.handles = Handles(services.user_agent, services.ca_file)
        self._prepared: dict[int, tuple[CheckSpec, Prepared | BadTarget]] = {}

    def check(self, spec: CheckSpec) -> Check:
        """Make a check of this spec, not yet started."""
        known = self._prepared.get(spec.monitor_id)
        if known is None or known[0].version != spec.version or known[0].target != spec.target:
            known = self._prepare(spec)
        ready = known[1]
        return BadCheck(spec, ready) if isinstance(ready, BadTarget) else HttpCheck(self, spec, ready)

    def close(self) -> None:
        """Close the handles."""
        self.handles.close()

    def _prepare(self, spec: CheckSpec) -> tuple[CheckSpec, Prepared | BadTarget]:
        """Make a spec ready and keep it, in place of an older version or of the one kept longest."""
        ready: Prepared | BadTarget
        try:
            ready = prepare(spec)
        except BadTarget as bad:
            ready = bad
        # Number 0 is nobody's: a trial, or a check from the terminal.
        if spec.monitor_id > 0:
            if len(self._prepared) >= _PREPARED_MAX:
                del self._prepared[next(iter(self._prepared))]
            self._prepared[spec.monitor_id] = (spec, ready)
        return spec, ready


class BadCheck(Check):
    """A check of a target that no request can be made of: it ends as it begins."""

    __slots__ = ("_bad",)

    def __init__(self, spec: CheckSpec, bad: BadTarget) -> None:
        super().__init__(spec)
        self._bad = bad

    def start(self) -> None:
        """End, with the reason."""
        self.finish(
            Outcome(
                self._bad.reason, evidence={"url": clean(self.spec.target), "error": clean(str(self._bad))}
            )
        )

    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Nothing is ever looked up."""

    def transferred(self, error: int, text: str) -> None:
        """Nothing is ever transferred."""

    def expired(self) -> None:
        """Nothing ever lasts."""

    def release(self) -> None:
        """Nothing is held."""
