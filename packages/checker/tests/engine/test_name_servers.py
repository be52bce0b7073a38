import os
import socket
from collections.abc import Callable
from pathlib import Path

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.engine import name_servers
from emeter_checker.engine.name_servers import NameServers, read_name_servers
from emeter_core.outcome import Reason


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 10.0.0.1\nnameserver 2001:db8::1\n", ["10.0.0.1", "2001:db8::1"]),
        ("# a remark\n; another\nsearch lan\n  nameserver\t10.0.0.1  # here\noptions edns0", ["10.0.0.1"]),
        ("nameserver fe80::1%eth0", ["fe80::1%eth0"]),
        ("nameserver\nnameserver localhost\nnameserver 1.2.3\nxnameserver 10.0.0.1", ["127.0.0.1"]),
        ("#nameserver 10.0.0.1", ["127.0.0.1"]),
        ("", ["127.0.0.1"]),
    ],
)
def test_a_file_is_read_as_the_system_reads_it(text: str, servers: list[str]) -> None:
    assert read_name_servers(text) == servers


@given(st.text(max_size=200))
def test_any_text_names_a_server(text: str) -> None:
    assert read_name_servers(text)


def test_news_come_when_the_file_changes_and_once(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    watched = NameServers(path)
    assert watched.news(10) == ["127.0.0.1"]
    path.write_text("nameserver 10.0.0.1")
    assert watched.news(10.9) is None
    assert watched.news(11) == ["10.0.0.1"]
    assert watched.news(12) is None
    (tmp_path / "new").write_text("nameserver 10.0.0.2")
    (tmp_path / "new").replace(path)
    assert watched.news(13) == ["10.0.0.2"]
    os.utime(path, (1, 1))
    assert watched.news(14) == ["10.0.0.2"]
    path.unlink()
    assert watched.news(15) == ["127.0.0.1"]


@pytest.fixture
def port_53() -> Callable[[str], socket.socket]:
    """Bind port 53 of an address of loopback; for whoever may."""

    def bind(address: str) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.bind((address, 53))
        except OSError as error:
            made.close()
            pytest.skip(f"port 53 cannot be bound: {error}")
        made.settimeout(10)
        return made

    return bind


def test_an_engine_asks_the_servers_that_the_system_names_now(
    make_checker, spec, port_53, monkeypatch, tmp_path: Path
) -> None:
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(name_servers, "RESOLV_CONF", path)
    monkeypatch.setattr(name_servers, "EVERY_S", 0.0)
    checker = make_checker(dns_servers=[])
    for address in ("127.0.53.1", "127.0.53.2"):
        with port_53(address) as server:
            (tmp_path / "new").write_text(f"nameserver {address}\n")
            (tmp_path / "new").replace(path)
            checker.submit(spec("http://gone.test/", ip_family="ipv4"))
            question, peer = server.recvfrom(4096)
            reply = dnslib.DNSRecord.parse(question).reply()
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
            server.sendto(reply.pack(), peer)
            assert checker.wait(1)[0].outcome.reason is Reason.NAME_NOT_FOUND
