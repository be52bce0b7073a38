import socket

import pytest

from emeter_core.supervisor.port import require_free_port, web_address
from emeter_storage.errors import UserError


def test_a_free_port_is_left_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    require_free_port("127.0.0.1", port)
    require_free_port("127.0.0.1", port)


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"^Port {port} at 127.0.0.1 cannot be used \(.*in use\): set PORT"
        ):
            require_free_port("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match=r"^Port 8000 at 192.0.2.1 cannot be used"):
        require_free_port("192.0.2.1", 8000)
    with pytest.raises(UserError, match=r"^Port 8000 at no.such.host.invalid cannot be used"):
        require_free_port("no.such.host.invalid", 8000)


@pytest.mark.parametrize(
    ("host", "is_on_loopback", "address"),
    [
        ("127.0.0.1", True, "http://localhost:8000"),
        ("::1", True, "http://localhost:8000"),
        ("0.0.0.0", False, "http://0.0.0.0:8000"),
        ("2001:db8::1", False, "http://[2001:db8::1]:8000"),
    ],
)
def test_addresses_can_be_clicked(host: str, address: str, *, is_on_loopback: bool) -> None:
    assert web_address(host, 8000, is_on_loopback=is_on_loopback) == address
