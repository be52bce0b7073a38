"""The target: an nginx of our own on free ports, plain and TLS, which writes down when each check arrived."""

import os
import re
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import Self

import trustme
from nginx import NoNginx

from emeter_checker.authorities import authorities
from emeter_storage.servers import child_command

DOMAIN = "bench.test"
"""The target's certificate is good for 127.0.0.1 and for every name right below this."""

# One worker, as its CPU is not ours and must not crowd ours out; no connection and no TLS session is used
# twice. The log is buffered: a write per check would cost more than the check.
_CONFIG = """
daemon off; worker_processes 1; pid {here}/nginx.pid; error_log {here}/error.log warn; {user}
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  log_format arrivals '$msec $request_time $uri';
  access_log {here}/arrivals.log arrivals buffer=256k flush=1s;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
  keepalive_timeout 0; default_type text/plain;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    listen 127.0.0.1:{tls_port} ssl backlog=4096;
    ssl_certificate {here}/chain.pem; ssl_certificate_key {here}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    location /m/ {{ return 200 "ok\\n"; }}
    location = /floor {{ access_log off; return 200 "ok\\n"; }}
    location = /served {{ access_log off; stub_status; }}
  }}
}}
"""


class Target:
    """The running server; `url` and `tls_url` take any path below `/m/`.

    `trusted` is a file with this machine's authorities and the one of the certificate: an ECDSA P-256 of a
    chain of two, as most have.
    """

    def __init__(self, nginx: str, directory: Path) -> None:
        self._nginx = nginx
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self.tls_port = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{self.port}", f"https://127.0.0.1:{self.tls_port}"
        self.arrivals = directory / "arrivals.log"
        self.trusted = directory / "trusted.pem"

    def __enter__(self) -> Self:
        self._directory.mkdir()
        self._certify()
        user = "user root;" if os.geteuid() == 0 else ""
        config = self._directory / "nginx.conf"
        ports = {"port": self.port, "tls_port": self.tls_port}
        config.write_text(_CONFIG.format(here=self._directory, user=user, **ports))
        argv = [self._nginx, "-p", str(self._directory), "-e", "stderr", "-c", str(config)]
        self._process = subprocess.Popen(child_command(argv, death_signal=Signals.SIGTERM))
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    @property
    def pid(self) -> int:
        """The master process of nginx."""
        assert self._process
        return self._process.pid

    @property
    def version(self) -> str:
        """As nginx tells it."""
        told = subprocess.run([self._nginx, "-v"], capture_output=True, text=True, check=False)
        return told.stderr.strip().rpartition("/")[2]

    def served(self) -> int:
        """How many requests there were so far, this one included."""
        with urllib.request.urlopen(f"{self.url}/served", timeout=5) as answer:
            numbers = re.findall(r"\d+", answer.read().decode().splitlines()[2])
        return int(numbers[2])

    def _certify(self) -> None:
        root = trustme.CA()
        leaf = root.create_child_ca().issue_cert("127.0.0.1", f"*.{DOMAIN}")
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
        (self._directory / "chain.pem").write_bytes(chain)
        leaf.private_key_pem.write_to_path(str(self._directory / "key.pem"))
        self.trusted.write_bytes(Path(authorities()).read_bytes() + root.cert_pem.bytes())

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end and self._process and self._process.poll() is None:
            with suppress(OSError):
                self.served()
                return
            time.sleep(0.05)
        raise NoNginx("nginx does not start; its words are above")


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
