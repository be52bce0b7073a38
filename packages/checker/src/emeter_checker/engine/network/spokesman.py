"""Who of several processes tells the operator what all of them see."""

import socket


class Spokesman:
    """Speaks for all processes of an installation that share a network, where the kernel lets one alone.

    The word is a socket's abstract name: it is one for the whole network namespace, which is just what has
    the trouble, and free as soon as its process ends, however that happens. Nobody shares an empty name.
    """

    def __init__(self, name: str = "") -> None:
        self._address = f"\0emeter-network-{name}" if name else ""
        self._word: socket.socket | None = None

    def takes_the_word(self) -> bool:
        """Whether this process is the one to tell; it is until it gives the word back."""
        if not self._address or self._word is not None:
            return True
        word = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            word.bind(self._address)
        except OSError:
            word.close()
            return False
        self._word = word
        return True

    def gives_it_back(self) -> None:
        """Let whoever sees the next trouble first tell it."""
        if self._word is not None:
            self._word.close()
            self._word = None
