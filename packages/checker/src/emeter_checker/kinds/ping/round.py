"""The pings of one check."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from emeter_checker.kinds.evidence import without_secrets
from emeter_checker.kinds.looped import Errand
from emeter_checker.kinds.ping.packets import Echo
from emeter_checker.kinds.ping.pinger import Forbidden, Pinger
from emeter_checker.kinds.verdict import TOO_BUSY, is_late, of_connect, words_of
from emeter_core.monitors.kinds.ping import PingSettings
from emeter_core.outcome import Outcome, Phases, Reason

_PACE_S = 0.2
"""Seconds between two packets, where the timeout leaves room for it."""

_LOST = frozenset({Reason.PING_UNANSWERED, Reason.PACKETS_LOST})


class Round:
    """Sends the packets one after the other; ends when it knows of all of them, or at the deadline."""

    def __init__(
        self, errand: Errand[PingSettings], address: str, pinger_for: Callable[[str], Pinger]
    ) -> None:
        self._errand = errand
        self._address = address
        self._pinger_for = pinger_for
        self._began = time.monotonic()
        self._trips: list[int | None] = [None] * errand.settings.packets
        self._unknown = errand.settings.packets
        self._all_known = asyncio.Event()
        self._error = ""
        self._is_late = False

    async def run(self) -> Outcome:
        """Ping, and judge what came back."""
        try:
            await self._ping(self._pinger_for(self._address))
        except Forbidden as forbidden:
            return self._outcome(Reason.PING_FORBIDDEN, str(forbidden))
        except BlockingIOError:
            return self._outcome(Reason.NETWORK_UNAVAILABLE, "too many packets are on their way")
        except OSError as error:
            return self._outcome(of_connect(error.errno or 0), words_of(error))
        reason = self._verdict()
        if self._is_late and reason in _LOST:
            return self._outcome(Reason.NOT_CHECKED, TOO_BUSY)
        return self._outcome(reason, self._error)

    async def _ping(self, pinger: Pinger) -> None:
        packets = len(self._trips)
        # All go out within the first half of the time, so that the last one has the other half to come back.
        pace = min(_PACE_S, (self._errand.deadline - self._began) / 2 / packets)
        sent: list[int] = []
        try:
            async with asyncio.timeout_at(self._errand.deadline):
                for number in range(packets):
                    sent.append(self._send(pinger, number))
                    if number + 1 < packets:
                        await asyncio.sleep(pace)
                await self._all_known.wait()
        except TimeoutError:
            # What is not known by now is lost.
            self._is_late = is_late(self._errand.deadline)
        finally:
            for sequence in sent:
                pinger.give_up(sequence)

    def _send(self, pinger: Pinger, number: int) -> int:
        sent_at = time.monotonic()

        def on_echo(echo: Echo, now: float) -> None:
            if echo.error:
                self._error = echo.error
            else:
                self._trips[number] = round((now - sent_at) * 1_000_000)
            self._unknown -= 1
            if not self._unknown:
                self._all_known.set()

        return pinger.send(self._address, on_echo)

    def _verdict(self) -> Reason:
        lost = self._trips.count(None)
        if lost == len(self._trips):
            return Reason.HOST_UNREACHABLE if self._error else Reason.PING_UNANSWERED
        too_many = lost * 100 > self._errand.settings.max_loss * len(self._trips)
        return Reason.PACKETS_LOST if too_many else Reason.OK

    def _outcome(self, reason: Reason, error: str) -> Outcome:
        phases = self._phases()
        is_whole = reason is Reason.OK and None not in self._trips
        seen = {} if is_whole else self._evidence(error, phases)
        return Outcome(reason, phases, 0, self._address, evidence=seen)

    def _phases(self) -> Phases:
        """The mean round trip stands for the wait; where nothing came back, that lasted until the end."""
        came = [trip for trip in self._trips if trip is not None]
        took_us = round((time.monotonic() - self._began) * 1_000_000)
        return Phases(dns=self._errand.dns_us, wait=sum(came) // len(came) if came else took_us)

    def _evidence(self, error: str, phases: Phases) -> dict[str, Any]:
        seen = {
            "url": self._errand.target,
            "address": self._address,
            "error": error,
            "round_trips_us": self._trips,
            "phases": phases._asdict(),
        }
        return without_secrets(seen, ())
