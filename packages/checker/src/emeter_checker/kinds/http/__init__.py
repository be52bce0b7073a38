"""The `http` kind: we resolve, vet and follow; libcurl dials."""

from emeter_checker.kinds.http.probe import HttpProbe

__all__ = ["HttpProbe"]
