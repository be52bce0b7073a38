"""The `http` kind: a request, and what its answer must be."""

import re
from enum import StrEnum
from functools import partial
from typing import Annotated, ClassVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from emeter_core.characters import has_controls
from emeter_core.monitors.kinds.base import Kind, KindSettings
from emeter_core.monitors.kinds.codes import CodeSet, parse_codes
from emeter_core.outcome import Reason

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
# In bytes, and three times as long in a form, where every byte may be written as %XX: together with all the
# rest that a monitor is made of they fit into the 64 KiB of a form that changes something.
MAX_URL = 2 * KIBIBYTE
MAX_BODY = 12 * KIBIBYTE
MAX_HEADERS = 4 * KIBIBYTE
_MAX_KEYWORD = KIBIBYTE
_MAX_CODES = 1000
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_PORT_MAX = 65535
# The dots of IDNA, RFC 3490 section 3.1, and the longest name between two, RFC 1035.
_DOTS = re.compile("[.\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}]")
_MAX_LABEL = 63


class Method(StrEnum):
    """The methods a check may use."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class IpFamily(StrEnum):
    """Which addresses of a name are dialled."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


def _codes(text: str) -> str:
    return str(parse_codes(text))


def _within(text: str, *, most: int) -> str:
    """The text; raises ValueError where it has more than `most` bytes, or halves of a surrogate pair."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must be text") from None
    if size > most:
        raise ValueError(f"has {size:,} bytes: at most {most:,} are taken")
    return text


class HttpSettings(KindSettings):
    """How an HTTP check asks, and what it expects. Sizes in bytes."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"headers", "body"})

    method: Method = Method.GET
    headers: tuple[tuple[str, str], ...] = Field(default=(), max_length=50)
    body: Annotated[str, AfterValidator(partial(_within, most=MAX_BODY))] = ""
    expected_codes: Annotated[str, Field(max_length=_MAX_CODES), AfterValidator(_codes)] = "200-299"
    keyword: Annotated[str, AfterValidator(partial(_within, most=_MAX_KEYWORD))] = ""
    keyword_absent: bool = False
    max_redirects: int = Field(default=10, ge=0, le=20)
    body_cap: int = Field(default=MEBIBYTE, ge=1, le=10 * MEBIBYTE)
    ip_family: IpFamily = IpFamily.ANY
    verify_tls: bool = True

    @property
    def codes(self) -> CodeSet:
        """The expected codes as a set."""
        return parse_codes(self.expected_codes)

    def expected(self, reason: Reason) -> dict[str, object]:
        """The codes, or the keyword."""
        if reason is Reason.UNEXPECTED_CODE:
            return {"codes": self.expected_codes}
        if reason in {Reason.KEYWORD_MISSING, Reason.KEYWORD_PRESENT}:
            return {"keyword": self.keyword}
        return {}

    @field_validator("headers")
    @classmethod
    def _headers_are_fields(cls, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for name, value in headers:
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} is no header name")
            if name.lower() in _OURS:
                raise ValueError(f"{name} is set by the check itself")
            if any((ord(char) < 32 and char != "\t") or ord(char) == 127 for char in value):  # noqa: PLR2004 - ASCII
                raise ValueError(f"the value of {name} holds a control character")
        _within("".join(f"{name}: {value}\r\n" for name, value in headers), most=MAX_HEADERS)
        return headers

    @field_validator("keyword")
    @classmethod
    def _keyword_is_storable(cls, keyword: str) -> str:
        if "\0" in keyword:
            raise ValueError("must not hold a NUL character")
        return keyword

    @model_validator(mode="after")
    def _body_has_a_method(self) -> "HttpSettings":
        if self.body and self.method in {Method.GET, Method.HEAD}:
            raise ValueError(f"a {self.method} request carries no body")
        return self

    @model_validator(mode="after")
    def _absent_is_a_keyword(self) -> "HttpSettings":
        if self.keyword_absent and not self.keyword:
            problem = PydanticCustomError("value_error", "can't be blank where it must be absent")
            raise ValidationError.from_exception_data(
                "HttpSettings", [InitErrorDetails(type=problem, loc=("keyword",), input=self.keyword)]
            )
        return self


def clean_url(text: str) -> str:
    """Check a target URL and return it without spaces around it; raises ValueError in plain words."""
    url = text.strip()
    if has_controls(url) or any(map(str.isspace, url)):
        raise ValueError("must not hold spaces or control characters")
    _within(url, most=MAX_URL)
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must start with http:// or https://")
    if not parts.hostname:
        raise ValueError("must name a host, as in https://example.com/")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or password: send them in a header")
    _require_labels(parts.hostname)
    return url


def _require_labels(host: str) -> None:
    """Raise ValueError where no name server could be asked for `host`; one dot at its end is well."""
    if ":" in host:
        return
    labels = _DOTS.split(host)
    if len(labels) > 1 and not labels[-1]:
        del labels[-1]
    if not all(labels):
        raise ValueError("must name a host without empty parts: two dots follow each other, or one begins it")
    if any(_length(label) > _MAX_LABEL for label in labels):
        raise ValueError(f"must name a host whose parts have at most {_MAX_LABEL} characters each")


def _length(label: str) -> int:
    """The characters of a part of a host as name servers know it; of one that is too long as it is typed."""
    is_told = label.isascii() or len(label) > _MAX_LABEL  # Punycode never shortens, and takes its time.
    return len(label) if is_told else len("xn--" + label.encode("punycode").decode("ascii"))


def _split(url: str) -> SplitResult:
    """Take a URL apart; raises ValueError in plain words where that cannot be done."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"is not a valid URL: {error}") from error
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise ValueError(f"must have a port between 1 and {_PORT_MAX}")
    return parts


HTTP = Kind(name="http", settings=HttpSettings, clean_target=clean_url)
