"""A clock that was ahead, and was set back since: what tells that something was written by it."""

from datetime import timedelta

FARTHEST_AHEAD = timedelta(seconds=10)
"""Slots are claimed two seconds ahead; the rest is room for processes that disagree about the time."""
