"""The `tcp` kind: connect, shake hands for TLS where that is wanted, say something, hear something."""

from emeter_checker.kinds.tcp.probe import TcpProbe

__all__ = ["TcpProbe"]
