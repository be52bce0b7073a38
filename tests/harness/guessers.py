"""People who guess at an account from many addresses at once, in a process of their own.

    python -m harness.guessers PORT EMAIL GUESSES ADDRESSES

Each has an address of this machine (127.0.0.2 and on), asks for the form, and sends one guess as soon as the
one before is answered. Prints how often each status was answered, as JSON.
"""

import http.client
import json
import re
import subprocess
import sys
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
_PATH = "/users/log_in"


def start(port: int, email: str, *, guesses: int, addresses: int) -> "subprocess.Popen[str]":
    """Have them begin; `answers_of` waits for their end."""
    command = [sys.executable, "-m", __name__, str(port), email, str(guesses), str(addresses)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)


def answers_of(guessers: "subprocess.Popen[str]") -> Counter[int]:
    """How often each status was answered, once all is done."""
    said, _ = guessers.communicate()
    assert guessers.returncode == 0
    return Counter({int(status): number for status, number in json.loads(said).items()})


def guess(port: int, email: str, address: str, guesses: int) -> Counter[int]:
    """Guess so often from one address."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(address, 0))
    connection.request("GET", _PATH)
    form = connection.getresponse()
    token = _TOKEN.search(form.read().decode())
    assert token
    cookies = [line.partition(";")[0] for line in form.headers.get_all("Set-Cookie") or ()]
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "; ".join(cookies)}
    answers: Counter[int] = Counter()
    for number in range(guesses):
        fields = {"_csrf_token": token[1], "email": email, "password": f"guess {number}"}
        connection.request("POST", _PATH, urllib.parse.urlencode(fields), headers)
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] += 1
    connection.close()
    return answers


def main(port: int, email: str, guesses: int, addresses: int) -> None:
    """Guess from all addresses at once, and print what was answered."""
    answers: Counter[int] = Counter()
    with ThreadPoolExecutor(addresses) as pool:
        everybody = [f"127.0.0.{number + 2}" for number in range(addresses)]
        for told in pool.map(lambda each: guess(port, email, each, guesses // addresses), everybody):
            answers += told
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
