"""Network namespaces of a test's own: a home for what is tested, and a world that it is let loose on.

Made of processes that hold them, so that they are gone with the test however it ends. Whoever may not make
them is told why by `impossible`.
"""

import ctypes
import functools
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from harness.debian import find_or_install

T = TypeVar("T")
_NEW_NET = 0x40000000
_IP = (0x0800, 0x86DD)
_MARK = 9
_ECHO = {socket.IPPROTO_ICMP: 8, socket.IPPROTO_ICMPV6: 128}
_SOL_PACKET, _PACKET_STATISTICS = 263, 6  # linux/socket.h, linux/if_packet.h
_libc = ctypes.CDLL(None, use_errno=True)

GATEWAY, HOME = "93.184.215.1", "93.184.215.2"

_DROPPED = f"""
table inet away {{
  chain inbound {{
    type filter hook prerouting priority raw; policy drop;
    ip daddr {GATEWAY} accept
    ip6 daddr 2a00::1 accept
    icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit }} accept
  }}
}}
"""


@functools.cache
def impossible() -> str:
    """Why there can be no namespaces here, in words; empty where there can."""
    try:
        Namespace().close()
    except (OSError, subprocess.SubprocessError) as error:
        return f"network namespaces need root and the ip command: {error}"
    return ""


@functools.cache
def _nft() -> str | None:
    """The program of nftables, installed where that can be done; None where there is none."""
    return find_or_install(lambda: shutil.which("nft"), "nftables")


class Namespace:
    """A namespace with a loopback interface that is up. Raises OSError where it is not allowed."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            # It ends when nobody is left who could write to it.
            ["unshare", "--net", "sh", "-c", "echo && exec cat >/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._holder.stdout
        assert self._holder.stderr
        if not self._holder.stdout.readline():
            said = self._holder.stderr.read().decode().strip()
            self._end_holder()
            raise OSError(said)
        self.pid = self._holder.pid
        self._file = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.ip("link", "set", "lo", "up")
        except OSError:
            self.close()
            raise

    def command(self, *command: str) -> list[str]:
        """The command line by which `command` runs in here."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command]

    def ip(self, *arguments: str) -> None:
        """Run `ip` in here; raises OSError with what it says."""
        self.tool("ip", *arguments)

    def tool(self, *command: str, given: str = "") -> None:
        """Run a command in here, which reads what is `given`; raises OSError with what it says."""
        done = subprocess.run(
            self.command(*command), input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")

    def allows(self, *command: str) -> bool:
        """Run a command in here; returns whether it could be done."""
        with suppress(OSError):
            self.tool(*command)
            return True
        return False

    def run(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread that is in here, and so are the sockets and threads that it makes."""
        ends: list[T | BaseException] = []

        def enter() -> None:
            try:
                if _libc.setns(self._file, _NEW_NET):
                    raise OSError(ctypes.get_errno(), "setns")  # noqa: TRY301 - handed over as the others are
                ends.append(work())
            except BaseException as error:  # noqa: BLE001 - handed over
                ends.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        [end] = ends
        if isinstance(end, BaseException):
            raise end
        return end

    def write(self, path: str, text: str) -> None:
        """Write a setting of the kernel in here."""
        self.run(lambda: Path(path).write_text(text, "utf-8"))

    def close(self) -> None:
        """Let go of it; with the last process in it, it is gone."""
        os.close(self._file)
        self._end_holder()

    def _end_holder(self) -> None:
        self._holder.kill()
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            if pipe:
                pipe.close()


class Networks:
    """A home with one link, and behind it a world in which every address answers, forbidden ones too."""

    def __init__(self) -> None:
        self.home, self.world = Namespace(), Namespace()
        try:
            # Looked for before anything is timed: it may have to be installed.
            self._has_firewall = _nft() is not None and self.world.allows("nft", "list", "tables")
            self._join()
        except BaseException:
            self.close()
            raise

    def _join(self) -> None:
        self.home.ip("link", "add", "out", "type", "veth", "peer", "name", "in", "netns", str(self.world.pid))
        # Without this a new address waits for a second whether another has it.
        for namespace, name in ((self.home, "out"), (self.world, "in")):
            with suppress(OSError):
                namespace.write(f"/proc/sys/net/ipv6/conf/{name}/accept_dad", "0")
        self.world.write("/proc/sys/net/ipv4/ip_forward", "1")
        self.world.write("/proc/sys/net/ipv4/icmp_ratelimit", "0")
        self.world.ip("addr", "add", f"{GATEWAY}/24", "dev", "in")
        self.world.ip("addr", "add", "2a00::1/64", "dev", "in", "nodad")
        self.world.ip("link", "set", "in", "up")
        self.home.ip("addr", "add", f"{HOME}/24", "dev", "out")
        self.home.ip("addr", "add", "2a00::2/64", "dev", "out", "nodad")
        self.raise_link()
        self.reach()

    def raise_link(self) -> None:
        """Have a way out of the home: the link up, and the routes that go when it goes down."""
        self.home.ip("link", "set", "out", "up")
        with suppress(OSError):
            self.home.ip("addr", "add", "2a00::2/64", "dev", "out", "nodad")
        self.home.ip("route", "replace", "default", "via", GATEWAY)
        self.home.ip("-6", "route", "replace", "default", "via", "2a00::1")

    def cut_link(self) -> None:
        """Take the home's own end of the link down."""
        self.home.ip("link", "set", "out", "down")

    def reach(self) -> None:
        """Have the world take every address for its own."""
        self._forget()
        self.world.ip("route", "add", "local", "0.0.0.0/0", "dev", "lo")
        # In the table of local routes it would take the answers, too: that one is asked first.
        self.world.ip("-6", "route", "add", "local", "::/0", "dev", "lo", "table", "main")

    def drop(self) -> None:
        """Have the world drop every packet without a word; only the gateway still says that it is there."""
        self.reach()
        if self._has_firewall:
            self.world.tool("nft", "--file", "-", given=_DROPPED)
        else:
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        """The same by routes, where there is no nftables, or the kernel has none."""
        self._forget()
        self.world.ip("route", "add", "blackhole", "default")
        self.world.ip("-6", "route", "add", "blackhole", "default")

    def refuse(self) -> None:
        """Have the world answer every packet like a router that knows no way."""
        self._forget()

    def pull_plug(self) -> None:
        """Take the other end of the link down: home's own loses its carrier."""
        self.world.ip("link", "set", "in", "down")

    def put_plug(self) -> None:
        """Put it back."""
        self.world.ip("link", "set", "in", "up")
        self.world.ip("addr", "replace", "2a00::1/64", "dev", "in", "nodad")
        self.reach()

    def _forget(self) -> None:
        if self._has_firewall:
            self.world.allows("nft", "delete", "table", "inet", "away")
        for family, table in (("-4", "local"), ("-4", "main"), ("-6", "main")):
            for kind in ("local", "blackhole"):
                with suppress(OSError):
                    self.world.ip(family, "route", "del", kind, "default", "table", table)

    def close(self) -> None:
        """Let go of both."""
        self.home.close()
        self.world.close()


class Counter:
    """Counts the packets that leave a namespace, its loopback included, by a packet socket."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._socket = namespace.run(_packet_socket)
        self.syns: list[tuple[str, int]] = []
        """Where each TCP connection was begun: address and port."""
        self.datagrams: list[tuple[str, int]] = []
        self.pings: list[str] = []
        self._seen = 0
        self._over = False
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Forget what was counted."""
        self.syns.clear()
        self.datagrams.clear()
        self.pings.clear()

    def settle(self) -> None:
        """Wait until what was sent by now is counted: a packet of our own comes last."""
        seen = self._seen
        mark = self._namespace.run(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with mark:
            mark.sendto(b"x", ("127.0.0.1", _MARK))
        while self._seen == seen:
            time.sleep(0.001)

    @property
    def lost(self) -> int:
        """Packets since the last look that there was no room for: with any, the counts prove nothing."""
        _, lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        return int(lost)

    def close(self) -> None:
        """End."""
        self._over = True
        self._thread.join(10)
        self._socket.close()

    def _count(self) -> None:
        while not self._over:
            with suppress(TimeoutError):
                packet, origin = self._socket.recvfrom(128)
                if origin[1] in _IP and origin[2] == socket.PACKET_OUTGOING:
                    self._note(packet)

    def _note(self, packet: bytes) -> None:
        version = packet[0] >> 4
        if version == 4:
            protocol, target, rest = packet[9], packet[16:20], packet[(packet[0] & 15) * 4 :]
        else:
            protocol, target, rest = packet[6], packet[24:40], packet[40:]
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        where = socket.inet_ntop(family, target), int.from_bytes(rest[2:4], "big")
        if protocol == socket.IPPROTO_TCP and rest[13] & 0x12 == 0x02:
            self.syns.append(where)
        elif protocol == socket.IPPROTO_UDP and where[1] == _MARK:
            self._seen += 1
        elif protocol == socket.IPPROTO_UDP:
            self.datagrams.append(where)
        elif protocol in _ECHO and rest[0] == _ECHO[protocol]:
            self.pings.append(where[0])


def _packet_socket() -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
    made.settimeout(0.1)
    made.setsockopt(socket.SOL_SOCKET, 33, 32 * 1024 * 1024)  # SO_RCVBUFFORCE
    return made


def listening(
    namespace: Namespace, port: int, addresses: Sequence[str] = ("0.0.0.0", "::")
) -> list[socket.socket]:
    """Listeners in a namespace that nobody answers from: whoever reaches one is in its queue."""

    def listen() -> list[socket.socket]:
        return [
            socket.create_server(
                (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=4096
            )
            for address in addresses
        ]

    return namespace.run(listen)
