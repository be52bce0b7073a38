import io
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping

import pytest

from emeter_core.supervisor.console import Console
from emeter_core.supervisor.spec import ProcessSpec
from emeter_core.supervisor.supervisor import Stopped, Supervisor
from emeter_core.supervisor.unit import ProcessUnit, ServerUnit
from emeter_storage.errors import UserError
from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer
from emeter_storage.servers.server import Server

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def supervisor(console: Console) -> Supervisor:
    return Supervisor(console)


@pytest.fixture
def unit(console: Console, house: Mapping[str, str]) -> Callable[..., ProcessUnit]:
    def make(name: str, *arguments: str, **fields: object) -> ProcessUnit:
        return ProcessUnit(ProcessSpec(name, arguments, **fields), console, house)  # type: ignore[arg-type]

    return make


def pids(out: io.StringIO) -> list[int]:
    return [int(found) for found in re.findall(r"pid (\d+)", out.getvalue())]


def test_what_is_killed_is_started_again(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit], out: io.StringIO, eventually: Eventually
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "idle")])
        eventually(lambda: len(pids(out)) == 1)
        os.kill(pids(out)[0], signal.SIGKILL)
        eventually(lambda: len(pids(out)) == 2)

    assert "first  | was ended by SIGKILL; starting it again in 0.2 s" in out.getvalue()


def test_what_ends_by_itself_is_started_again_with_growing_pauses(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit], out: io.StringIO, eventually: Eventually
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "brief")])
        eventually(lambda: out.getvalue().count("brief was here") == 3)

    assert "ended with exit code 3; starting it again" in out.getvalue()


def test_they_end_in_their_order_each_once_the_one_before_has(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit], out: io.StringIO
) -> None:
    with supervisor.until_stopped():
        supervisor.keep(
            unit(name, "idle", "--name", name, stop_order=order, ready_word="ready")
            for name, order in (("second", 2), ("first", 1), ("third", 3))
        )
        assert supervisor.wait_until_ready(30) == []

    assert re.findall(r"(\w+) ends", out.getvalue()) == ["first", "second", "third"]


def test_each_is_signalled_once_and_nothing_is_started_again_after_it(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit], out: io.StringIO
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "idle", ready_word="ready")])
        supervisor.wait_until_ready(30)

    assert out.getvalue().count("idle ends") == 1
    assert "again in" not in out.getvalue()


def test_what_does_not_end_in_its_time_is_killed(
    supervisor: Supervisor,
    unit: Callable[..., ProcessUnit],
    out: io.StringIO,
    eventually: Eventually,
    alive: Callable[[int], bool],
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "stubborn", stop_within=0.2)])
        eventually(lambda: pids(out))

    assert not alive(pids(out)[0])


def test_a_signal_ends_the_wait_and_a_second_one_hurries(
    supervisor: Supervisor,
    unit: Callable[..., ProcessUnit],
    out: io.StringIO,
    eventually: Eventually,
    alive: Callable[[int], bool],
) -> None:
    def press_twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.6)  # what comes at once is the same wish, handed on by make and terminal
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "stubborn", stop_within=60)])
        eventually(lambda: pids(out))
        thread = threading.Thread(target=press_twice)
        thread.start()
        supervisor.wait_for_wish()
        with pytest.raises(Stopped):
            supervisor.raise_if_stopped()
    thread.join()

    assert not alive(pids(out)[0])
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_killed_process_had_started_ends_with_it(
    supervisor: Supervisor,
    unit: Callable[..., ProcessUnit],
    out: io.StringIO,
    eventually: Eventually,
    alive: Callable[[int], bool],
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "nest")])
        eventually(lambda: pids(out))
        grandchild = int(out.getvalue().rpartition("nest has ")[2].split()[0])
        os.kill(pids(out)[0], signal.SIGKILL)
        eventually(lambda: not alive(grandchild))


def test_a_bug_in_a_process_is_told_with_its_traceback(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit], out: io.StringIO, eventually: Eventually
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "broken")])
        eventually(lambda: "exit code 1" in out.getvalue())

    assert "Traceback" in out.getvalue()
    assert "This is a bug in E-Meter: ZeroDivisionError: by a bug" in out.getvalue()


def test_who_does_not_get_ready_in_time_is_named(
    supervisor: Supervisor, unit: Callable[..., ProcessUnit]
) -> None:
    with supervisor.until_stopped():
        supervisor.keep([unit("first", "idle", ready_word="never said"), unit("second", "idle")])
        supervisor.wait_until_started()

        assert supervisor.wait_until_ready(0.1) == ["first"]


def test_a_first_start_that_fails_is_told_to_the_caller(supervisor: Supervisor, tmp_path: object) -> None:
    data = DataDirectory(f"{tmp_path}/data")
    data.prepare()
    data.cluster.mkdir()
    (data.cluster / "something").touch()

    with supervisor.until_stopped():
        supervisor.keep([ServerUnit(PostgresServer(data, fsync=False))])
        with pytest.raises(UserError, match="no PostgreSQL cluster"):
            supervisor.wait_until_started()


def test_servers_are_kept_like_everything_else(
    supervisor: Supervisor, tmp_path: object, eventually: Eventually
) -> None:
    data = DataDirectory(f"{tmp_path}/data").prepare()
    data.lock()
    servers: list[Server] = [PostgresServer(data, fsync=False), RedisServer(data)]
    with supervisor.until_stopped():
        supervisor.keep(ServerUnit(server) for server in servers)
        supervisor.wait_until_started()
        assert supervisor.wait_until_ready(30) == []
        for server in servers:
            old = server.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            eventually(lambda server=server, old=old: server.answers() and server.pid not in {None, old})  # type: ignore[misc]

    assert [server.pid for server in servers] == [None, None]
