"""What can go wrong with the embedded servers and their directory."""

from emeter_storage.errors import UserError


class ServerError(UserError):
    """A data directory that cannot be used, or a server that does not start; the message says what to do."""
