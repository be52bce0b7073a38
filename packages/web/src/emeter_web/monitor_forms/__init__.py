"""The form of a monitor, and how it is read."""
