"""A name server of our own: silent for names below `dead.test`, true for those below `live.test`."""

import socket
import threading

import dnslib  # type: ignore[import-untyped] # it ships no types

LIVE, DEAD = "live.test", "dead.test"
_BUFFER = 4 * 1024 * 1024


class NameServer:
    """Answers 127.0.0.1 below `live.test`, nothing below `dead.test`, else that there is no such name."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # A burst of hundreds of questions must not be dropped by the test's own buffer.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.ignored = 0
        """Questions that were left without an answer."""
        self._thread = threading.Thread(target=self._serve, name="names", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dnslib.DNSRecord.parse(data))
            if answer is None:
                self.ignored += 1
            else:
                self._socket.sendto(answer.pack(), peer)

    def _answer(self, question: dnslib.DNSRecord) -> dnslib.DNSRecord | None:
        name = str(question.q.qname).rstrip(".")
        if name.endswith(DEAD):
            return None
        reply = question.reply()
        if not name.endswith(LIVE):
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        elif question.q.qtype == dnslib.QTYPE.A:
            reply.add_answer(dnslib.RR(name, dnslib.QTYPE.A, rdata=dnslib.A("127.0.0.1"), ttl=300))
        return reply
