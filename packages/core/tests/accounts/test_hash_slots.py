"""Two password hashes at a time, whatever the number of processes; a queue that ends, and who is first."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from emeter_core.accounts import Busy, hash_slots
from emeter_core.accounts.hash_slots import AT_ONCE, HashSlots

# Hashes in three threads, and writes down when each hash began and ended: the clock is that of the machine.
HASHING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from emeter_core.accounts import hash_password, password
from emeter_core.accounts.hash_slots import HashSlots

password.SLOTS = HashSlots(Path(sys.argv[1]))
hashpw, spans = password.bcrypt.hashpw, []

def timed(*arguments):
    begun = time.monotonic()
    try:
        return hashpw(*arguments)
    finally:
        spans.append((begun, time.monotonic()))

password.bcrypt.hashpw = timed
with ThreadPoolExecutor(3) as pool:
    list(pool.map(lambda _: hash_password("hello world!", rounds=9), range(9)))
for span in spans:
    print(*span)
"""
FLOODED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from emeter_core.accounts import hash_password, password
from emeter_core.accounts.hash_slots import HashSlots

password.SLOTS = HashSlots(Path(sys.argv[1]))
with ThreadPoolExecutor(8) as pool:
    for number, _ in enumerate(pool.map(lambda _: hash_password("hello world!", rounds=11), range(1000))):
        if number == 8:
            print("hashes", flush=True)
"""
HOLDING = """
import sys, time
from pathlib import Path
from emeter_core.accounts.hash_slots import HashSlots

def hold():
    print("holds", flush=True)
    time.sleep(60)

HashSlots(Path(sys.argv[1])).run(hold)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "hashes"


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run a script beside the test, as another process of this machine."""
    with ExitStack() as stack:

        def start(script: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", script, str(directory)]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            return process

        yield start


@contextmanager
def all_taken(slots: HashSlots) -> Iterator[None]:
    leave, entered = threading.Event(), threading.Semaphore(0)

    def stay() -> None:
        entered.release()
        leave.wait(30)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        held = [pool.submit(slots.run, stay) for _ in range(AT_ONCE)]
        assert all(entered.acquire(timeout=10) for _ in held)
        try:
            yield
        finally:
            leave.set()


def take(slots: HashSlots, work: Callable[[], None] = lambda: None, *, first: Hashable = None) -> None:
    slots.run(work, first=first)


def queue(
    pool: ThreadPoolExecutor, slots: HashSlots, number: int, *work: Callable[[], None], first: Hashable = None
) -> list[Future[None]]:
    """Have so many more wait for a slot."""
    expected = slots._present + number
    futures = [pool.submit(take, slots, *work, first=first) for _ in range(number)]
    while slots._present < expected and not any(future.done() for future in futures):
        time.sleep(0.001)
    return futures


def is_free(file: Path) -> bool:
    """Whether nobody has locked it."""
    if not file.exists():
        return True
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_three_processes_with_three_threads_each_never_hash_more_than_two_at_a_time(start) -> None:
    spans = []
    for process in [start(HASHING) for _ in range(3)]:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        spans += [tuple(map(float, line.split())) for line in said.splitlines()]

    assert len(spans) == 27
    at_a_time = [sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans]
    assert max(at_a_time) == AT_ONCE


def test_who_is_killed_while_they_hash_frees_their_slot(start, directory, monkeypatch) -> None:
    slots, holders = HashSlots(directory), [start(HOLDING) for _ in range(AT_ONCE)]
    for holder in holders:
        assert holder.stdout.readline() == "holds\n"
    monkeypatch.setattr(hash_slots, "_PATIENCE_S", 0.1)
    with pytest.raises(Busy):
        take(slots)

    holders[0].kill()
    holders[0].wait()
    take(slots)


def test_a_process_with_a_long_queue_keeps_no_other_one_out(start, directory, monkeypatch) -> None:
    """Its slots are free for less than a thousandth of the time."""
    monkeypatch.setattr(hash_slots, "_PATIENCE_S", 4.0)
    slots, flooded = HashSlots(directory), start(FLOODED)
    assert flooded.stdout.readline() == "hashes\n"
    for _ in range(10):
        take(slots)
    assert flooded.poll() is None


def test_the_queue_is_bounded_and_some_of_it_is_kept(directory) -> None:
    slots = HashSlots(directory)
    with ThreadPoolExecutor(64) as pool, all_taken(slots):
        waiting = queue(pool, slots, 48)
        with pytest.raises(Busy):
            take(slots)
        for account in range(4):
            waiting += queue(pool, slots, 3, first=f"account {account}")
        waiting += queue(pool, slots, 3, first="account 5") + queue(pool, slots, 1, first="account 6")
        with pytest.raises(Busy):
            take(slots, first="account 7")
        assert not any(future.done() for future in waiting)
    assert [future.result() for future in waiting] == [None] * 64


def test_one_account_takes_few_of_the_places_that_are_kept(directory) -> None:
    """Whoever has many known devices of an account of their own keeps nobody else's out."""
    slots = HashSlots(directory)
    with ThreadPoolExecutor(64) as pool, all_taken(slots):
        waiting = queue(pool, slots, 3, first="mine") + queue(pool, slots, 45, first="mine")
        with pytest.raises(Busy):
            take(slots, first="mine")
        waiting += queue(pool, slots, 1, first="somebody's")
    assert [future.result() for future in waiting] == [None] * 49
    assert not slots._first_of


@pytest.mark.parametrize("process", ["this", "another"])
def test_who_is_first_has_the_next_slot_however_many_wait_in_any_process(directory, process: str) -> None:
    """Locks belong to the opening of a file, so two of these are as two processes to each other."""
    flooded = HashSlots(directory)
    mine = HashSlots(directory) if process == "another" else flooded
    order: list[str] = []
    entered = threading.Event()

    def other() -> None:
        order.append("other")
        entered.wait(30)

    def enter() -> None:
        order.append("first")
        entered.set()

    with ThreadPoolExecutor(64) as pool:
        with all_taken(flooded):
            waiting = queue(pool, flooded, 40, other)
            waiting += queue(pool, mine, 1, enter, first="somebody's")
            while process == "another" and is_free(directory / "gate"):
                time.sleep(0.001)
        assert [future.result(30) for future in waiting] == [None] * 41
    # Of the two slots that became free, one was theirs.
    assert order.index("first") < AT_ONCE


def test_who_is_first_need_not_have_the_turn(start, directory, monkeypatch) -> None:
    """Two processes take turns and have the slots all the time; the third is in within a few hashes."""
    slots, flooded = HashSlots(directory), [start(FLOODED) for _ in range(2)]
    for process in flooded:
        assert process.stdout.readline() == "hashes\n"
    monkeypatch.setattr(hash_slots, "_PATIENCE_S", 4.0)
    for _ in range(10):
        take(slots, first="somebody's")
    assert [process.poll() for process in flooded] == [None, None]


@pytest.mark.parametrize("first", [None, "somebody's"])
def test_who_waits_in_vain_is_told_and_nothing_is_done_later(directory, monkeypatch, first) -> None:
    slots, done = HashSlots(directory), []
    monkeypatch.setattr(hash_slots, "_PATIENCE_S", 0.05)
    with all_taken(slots), pytest.raises(Busy, match="Try again"):
        slots.run(lambda: done.append("late"), first=first)
    take(slots)
    assert done == []
    assert (slots._present, list(slots._first), list(slots._others)) == (0, [], [])


def test_what_fails_in_a_slot_frees_it(directory) -> None:
    slots = HashSlots(directory)
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError):
            slots.run(lambda: 1 / 0)
    take(slots)
    assert slots._present == 0


def test_who_hashes_lets_others_go_first(directory) -> None:
    slots = HashSlots(directory)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert slots.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())) == before + 5
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@pytest.mark.parametrize("obstacle", ["a file", "a directory that others can open", "a link", "no parent"])
def test_without_a_directory_each_process_has_two_slots_and_says_so_once(
    directory, caplog, obstacle: str
) -> None:
    if obstacle == "a file":
        directory.touch()
    elif obstacle == "a link":
        directory.symlink_to(directory.parent)
    elif obstacle == "no parent":
        directory = directory / "hashes"
    else:
        directory.mkdir(mode=0o755)
    slots = HashSlots(directory)
    with ThreadPoolExecutor(1) as pool, all_taken(slots):
        third = pool.submit(take, slots)
        assert wait([third], timeout=0.05).not_done
    third.result(10)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "hashes" in caplog.text


def test_the_directory_is_made_for_its_owner_alone_and_again_where_it_was_cleaned_away(directory) -> None:
    slots = HashSlots(directory)
    for _ in range(2):
        take(slots)
        assert directory.stat().st_mode & 0o777 == 0o700
        for file in directory.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
            file.unlink()
        directory.rmdir()


def test_the_slots_are_those_of_a_user_on_this_machine_and_of_no_data_directory() -> None:
    assert hash_slots.of_this_user()._files.directory == Path("/tmp") / f"emeter-{os.geteuid()}-hashes"
