"""The heartbeat of a monitor: its token, what is expected of it, and its life with the monitor."""
