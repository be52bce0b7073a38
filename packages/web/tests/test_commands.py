import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping

import pytest

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]


@pytest.fixture
def web(environment: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*EMETER, "web"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def serve(web: "subprocess.Popen[str]") -> str:
    """Wait until it serves; returns the line that says so."""
    assert web.stderr is not None
    return web.stderr.readline()


def test_it_serves_until_it_is_told_to_end(
    web: "subprocess.Popen[str]", environment: Mapping[str, str]
) -> None:
    address = f"http://localhost:{environment['PORT']}"
    event = json.loads(serve(web))
    assert (event["process"], event["level"], event["event"]) == ("web", "info", f"Serving {address}")

    with urllib.request.urlopen(f"{address}/", timeout=10) as page:
        assert b"Log in" in page.read()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{address}/healthz", timeout=10)
    with error.value as answer:
        assert answer.code == 503
        assert json.load(answer)["ok"] is False

    begin = time.monotonic()
    web.send_signal(signal.SIGTERM)
    assert web.wait(30) == 0
    assert time.monotonic() - begin < 20  # gunicorn's own would be 30


def test_a_port_in_use_is_one_line(environment: Mapping[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["PORT"]))):
        done = run(environment)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Port {environment['PORT']} at 127.0.0.1 cannot be used")
    assert len(done.stderr.splitlines()) == 1


def test_another_secret_key_stops_it(web: "subprocess.Popen[str]", environment: Mapping[str, str]) -> None:
    serve(web)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = run({**environment, "SECRET_KEY": "another one, also long enough to do", "PORT": str(port)})

    assert done.returncode == 1
    assert done.stderr.startswith("Error: SECRET_KEY is not the one this database was made with")


def test_a_database_that_is_away_is_one_line(environment: Mapping[str, str]) -> None:
    done = run({**environment, "DATABASE_URL": "postgresql://me:pass@127.0.0.1:1/x"})

    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database at postgresql://me:***@127.0.0.1:1/x does not")
    assert len(done.stderr.splitlines()) == 1


def test_naming_the_process_loads_no_web_framework() -> None:
    code = "import sys; from emeter_web.commands import WEB; print(WEB.name, 'flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "web False\n"


def run(environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*EMETER, "web"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
