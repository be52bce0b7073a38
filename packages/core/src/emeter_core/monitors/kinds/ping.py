"""The `ping` kind: packets that must come back."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from emeter_core.monitors.kinds.base import Facts, Kind
from emeter_core.monitors.kinds.hosts import HostSettings, bracketed, host_and_port

_LIKE = "example.com"


class PingSettings(HostSettings):
    """How many echo requests a check sends, and which part of them may be lost (percent)."""

    packets: int = Field(default=3, ge=1, le=10)
    max_loss: int = Field(default=50, ge=0, le=99)

    def described(self) -> str:
        """The number of packets."""
        return f"Ping, {self.packets} packet{'s' if self.packets > 1 else ''}"


def clean_target(text: str) -> str:
    """Read a host, write `ping://host`; raises ValueError in plain words."""
    host, port = host_and_port(text, "ping", _LIKE)
    if port is not None:
        raise ValueError(f"must not name a port: a ping has none, write it like {_LIKE}")
    return f"ping://{bracketed(host)}"


def _facts(evidence: Mapping[str, Any]) -> Facts:
    trips = evidence.get("round_trips_us")
    if not isinstance(trips, list) or not trips:
        return
    came = [trip for trip in trips if type(trip) is int]
    yield "Packets", f"{len(trips)} sent, {len(came)} came back"
    if came:
        yield "Round trips", ", ".join(_length(trip) for trip in trips)


def _length(trip: object) -> str:
    return f"{trip / 1000:.1f} ms" if type(trip) is int else "lost"


PING = Kind(name="ping", settings=PingSettings, clean_target=clean_target, schemes=("ping",), facts=_facts)
