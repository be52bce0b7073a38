"""Debian's Chromium, driven by Playwright, and what it complains about on the way."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

_ROOT = Path(__file__).parents[2]
_ARGUMENTS = (
    # As root, and in containers, Chromium has no sandbox to start in.
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # /dev/shm of a container is too small for a page.
    "--disable-dev-shm-usage",
)
_PATIENCE_MS = 10_000
# The console says the same, but not of what is only reported, and not before its page is another one.
_REPORT_VIOLATIONS = """document.addEventListener('securitypolicyviolation', event => complain(
  `${event.effectiveDirective} refuses ${event.blockedURI} on ${event.documentURI}`))"""


def find_chromium() -> str:
    """The path of a Chromium; raises RuntimeError with one line where there is none."""
    found = subprocess.run(["sh", "scripts/browser"], cwd=_ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.strip().rpartition("\n")[2])
    return found.stdout.strip()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium without a window, closed at the end."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """A person with a browser of their own: cookies, a page, and what went wrong on it."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.complaints: list[str] = []
        """Errors of scripts, violations of the content security policy, answers of 5xx, missing parts."""
        context.expose_function("complain", lambda said: self.complaints.append(f"policy: {said}"))
        context.add_init_script(_REPORT_VIOLATIONS)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(_PATIENCE_MS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._answered)

    def visit(self, path: str) -> Page:
        """Open a page of E-Meter."""
        self.page.goto(self.base_url + path)
        return self.page

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that answers 4xx on purpose is noted by Chromium as an error, too.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console on {self.page.url}: {message.text}")

    def _answered(self, response: Response) -> None:
        is_part = response.request.resource_type in {"stylesheet", "script", "image", "font"}
        if response.status >= (400 if is_part else 500):
            self.complaints.append(f"{response.status} from {response.url}")


@contextmanager
def visitor(
    browser: Browser,
    base_url: str,
    *,
    javascript: bool = True,
    width: int = 1440,
    height: int = 900,
    dark: bool = False,
    touch: bool = False,
) -> Iterator[Visitor]:
    """Somebody new, who has no cookies yet."""
    context = browser.new_context(
        java_script_enabled=javascript,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    try:
        yield Visitor(context, base_url)
    finally:
        context.close()
