"""How many descriptors this process may have."""

import resource


def raise_descriptor_limit() -> int:
    """Allow this process as many open descriptors as the system lets it have; returns how many these are."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
