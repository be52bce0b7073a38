"""The address guard: which addresses a check may dial."""

from emeter_checker.guard.guard import AddressGuard
from emeter_checker.guard.ranges import LOCAL_NETWORKS, IpNetwork

__all__ = ["LOCAL_NETWORKS", "AddressGuard", "IpNetwork"]
