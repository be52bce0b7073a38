"""Somebody at E-Meter's pages without a browser: cookies, forms, and how long an answer took."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds. Redirects were followed."""

    status: int
    headers: Message
    text: str
    took: float


class Person:
    """Keeps cookies between requests; a form is filled in on the page where it stands."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> Answer:
        return self._ask(path, None)

    def submit(self, page: str, path: str, **fields: str) -> Answer:
        """Open `page`, and send a form from there to `path`."""
        found = _TOKEN.search(self.get(page).text)
        assert found, f"no form on {page}"
        return self._ask(path, urllib.parse.urlencode({"_csrf_token": found[1], **fields}).encode())

    def register(self, email: str, password: str) -> Answer:
        return self.submit("/users/register", "/users/register", email=email, password=password)

    def log_in(self, email: str, password: str) -> Answer:
        return self.submit("/users/log_in", "/users/log_in", email=email, password=password)

    def _ask(self, path: str, data: bytes | None) -> Answer:
        request = urllib.request.Request(self.base_url + path, data)
        begin = time.monotonic()
        answer: Any
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
        return Answer(answer.status, answer.headers, text, time.monotonic() - begin)
