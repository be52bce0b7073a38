"""The `ping` kind: echo requests, and how many of them come back how soon."""

from emeter_checker.kinds.ping.probe import PingProbe

__all__ = ["PingProbe"]
