"""A name server at port 53 of an address: whatever it is asked for is 127.0.0.1, for no time at all.

    python name_server.py ADDRESS

Reads as little of a question as it can: what it costs is taken from the cores that are measured.
"""

import socket
import sys

HOW_MANY = b"how many"
"""A datagram that is no question: the answer is the number of questions so far, in digits."""

_PORT = 53
_BUFFER = 4 * 1024 * 1024
_HEADER = 12
_ADDRESS = b"\0\1\0\1"
# A true answer, authoritative: one question, and one answer or none.
_FOUND = b"\x85\x80\0\1\0\1\0\0\0\0"
_NONE = b"\x85\x80\0\1\0\0\0\0\0\0"
# The name is that of the question; an address of the Internet, TTL 0, four bytes.
_ANSWER = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1"


def main() -> None:
    """Say so when it listens; answer until the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        listener.bind((sys.argv[1], _PORT))
        print("listening", flush=True)
        serve(listener)


def serve(listener: socket.socket) -> None:
    """Answer every question; of another kind than an address there is nothing, but the name exists."""
    asked = 0
    while True:
        question, peer = listener.recvfrom(512)
        if question == HOW_MANY:
            listener.sendto(b"%d" % asked, peer)
            continue
        asked += 1
        # Its name ends with a zero, its type and class follow; options of EDNS are left out.
        end = question.find(b"\0", _HEADER) + 5
        if question[end - 4 : end] == _ADDRESS:
            listener.sendto(question[:2] + _FOUND + question[_HEADER:end] + _ANSWER, peer)
        else:
            listener.sendto(question[:2] + _NONE + question[_HEADER:end], peer)


if __name__ == "__main__":
    main()
