"""What somebody may send instead of a form: made from the form itself, the same in every run."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from urllib.parse import quote_from_bytes

FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data; boundary=x"
Fields = dict[str, str]

_TEXTS = (
    *(
        "",
        " ",
        " " * 12,
        "\0",
        "\0" * 12,
        "hello\0world!",
        "\t\r\n",
        "a\r\nBcc: c@d",
        "\u202e",
        "\ufffd",
        "\ufeff",
    ),
    *("a@b", "a@b\0", "@", "DORA@EXAMPLE.COM", "x" * 161 + "@example.com", "' OR 1=1 --", "%s%n", "{{7*7}}"),
    *("x" * 11, "x" * 72, "x" * 73, "é" * 37, "\U0001f525" * 20, "x" * 5000, "9" * 5000, "x" * 70_000),
    *(
        "-1",
        "0",
        "1e9",
        "NaN",
        "5.5",
        "٣",
        "9" * 30,
        "true",
        "false",
        "on",
        "null",
        "[]",
        "None",
        "__class__",
    ),
    *(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "../../etc/passwd",
    ),
    *("http://example.com/", "http://[::1", "//x", "http://\N{SNOWMAN}/", "https://x:99999/", "http://a..b/"),
    *(
        "update_email",
        "update_password",
        "delete",
        "PUT",
        "11111111-1111-1111-1111-111111111111",
        "hello world!",
    ),
)
_BYTES = (b"\xff", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xfe\xff\0a", b"a\xffb")
# `{}` is a name of the form.
_NESTS = ("{}[]", "{}[x]", "user[{}]", "{}.x", "{}[0][y]", "{}[", "[{}]", "{}\0", "{} ", "_{}", "user[{}][]")
_STRUCTURES = (b"", b"&", b"&&=&", b"=", b"===", b"%", b"%zz=%f", b"a", b";a=b;", b"&" * 900, b"a=b&" * 300)
_KINDS = (
    *(FORM, f"{FORM}; charset=utf-16", f"{FORM}; charset=nonsense", "text/plain", "", "\xff", "a/b/c"),
    *(_PARTS, "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x"),
    *(
        "application/json",
        "application/xml",
        "application/octet-stream",
        "multipart/form-data; boundary=" + "x" * 80,
    ),
)


@dataclass(frozen=True)
class Case:
    """A body, what it is said to be, and whether it is a form in UTF-8 as it should be."""

    body: bytes
    kind: str = FORM
    is_utf8: bool = True


def cases(fields: Fields, number: int, seed: str) -> Iterator[Case]:
    """So many bodies that are nearly what a form with these fields, filled in well, would send."""
    random = Random(seed)
    for _ in range(number):
        yield random.choices(_MAKERS, _WEIGHTS)[0](random, fields)


def too_long(fields: Fields) -> Iterator[Case]:
    """Ten megabytes, in every way that a form can come."""
    name = next(iter(fields), "x").encode()
    yield Case(name + b"=" + b"x" * 10_000_000)
    yield Case(_part(name, b"x" * 10_000_000) + b"--x--\r\n", _PARTS)
    yield Case(json.dumps({"x": "x" * 10_000_000}).encode(), "application/json")


def not_utf8(fields: Fields) -> Iterator[Case]:
    """Bytes that are no UTF-8, in each value and in a name, escaped and as they are."""
    for number, name in enumerate([*fields, ""]):
        bad = _BYTES[number % len(_BYTES)]
        for value in (bad, quote_from_bytes(bad).encode()):
            yield Case(encoded([*_pairs(fields, name)]) + b"&" + name.encode() + b"=" + value)
    yield Case(encoded([*_pairs(fields)]) + b"&%ff=a")


def one_wrong(fields: Fields) -> Iterator[Case]:
    """The form with one field missing, repeated, nested, or with a NUL in it; each in turn."""
    nests = cycle(_NESTS)
    for name, value in fields.items():
        others = list(_pairs(fields, name))
        yield Case(encoded(others))
        yield Case(encoded([*others, (name, value), (name, value), (name, "other")]))
        for nest in islice(nests, 3):
            yield Case(encoded([*others, (nest.format(name), value)]))
        for text in (value + "\0", "\0"):
            yield Case(encoded([*others, (name, text)]))


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """Encode names and values as a browser's form does."""
    return b"&".join(f"{_quoted(name)}={_quoted(value)}".encode() for name, value in pairs)


def _mutated(random: Random, fields: Fields) -> Case:
    """A few fields changed, or all of them."""
    changed = random.sample(sorted(fields), min(len(fields), random.choice((1, 1, 2, 3, len(fields)))))
    pairs = [(name, value) for name, value in fields.items() if name not in changed]
    for name in changed:
        pairs += _changed(random, name, fields[name])
    pairs += [(_text(random)[:50], _text(random)) for _ in range(random.choice((0, 0, 0, 1, 3)))]
    random.shuffle(pairs)
    return Case(encoded(pairs))


def _changed(random: Random, name: str, value: str) -> list[tuple[str, str]]:
    """A field with another text, several times, under another name, or not at all."""
    return random.choices(
        (
            [(name, _text(random))],
            [(name, _text(random)) for _ in range(random.randint(2, 4))],
            [(random.choice(_NESTS).format(name), value)],
            [],
        ),
        (60, 14, 14, 12),
    )[0]


def _foreign_bytes(random: Random, fields: Fields) -> Case:
    raw = random.choice(_BYTES)
    shown = raw if random.random() < 0.5 else quote_from_bytes(raw).encode()
    return Case(_mutated(random, fields).body + b"&" + shown + b"=" + shown, is_utf8=False)


def _structure(random: Random, fields: Fields) -> Case:
    return Case(_mutated(random, fields).body + random.choice(_STRUCTURES))


def _random_bytes(random: Random, _fields: Fields) -> Case:
    return Case(random.randbytes(random.randint(0, 300)), random.choice(_KINDS[1:]))


def _of_another_kind(random: Random, fields: Fields) -> Case:
    """What would be a good form, were it of that kind."""
    return Case(encoded(list(_pairs(fields))), random.choice(_KINDS))


def _json(random: Random, fields: Fields) -> Case:
    body: object = {
        name: random.choice((value, [value], {"x": value}, None, 7)) for name, value in fields.items()
    }
    shaped = random.choice((body, [body], {"user": body}, [[[]]], None, "x", 1e308))
    text = json.dumps(shaped)[: random.choice((None, -1))]
    return Case(text.encode(), "application/json")


def _multipart(random: Random, fields: Fields) -> Case:
    parts = []
    for name, value in fields.items():
        text = value if random.random() < 0.5 else _text(random)[:2000]
        data = random.choice((text.encode("utf-8", "replace"), random.choice(_BYTES)))
        parts.append(_part(name.encode(), data, is_file=random.random() < 0.3))
    body = b"".join(parts) + random.choice((b"--x--\r\n", b"", b"--x", b"--y--\r\n"))
    return Case(body[: random.choice((None, None, len(body) // 2))], _PARTS)


_MAKERS: tuple[Callable[[Random, Fields], Case], ...] = (
    *(_mutated, _foreign_bytes, _structure, _random_bytes, _of_another_kind, _json, _multipart),
)
_WEIGHTS = (60, 8, 6, 6, 6, 6, 8)


def _text(random: Random) -> str:
    """Something odd to type, or any text at all."""
    if random.random() < 0.7:
        return random.choice(_TEXTS)
    return "".join(chr(random.randrange(1, 0xD800)) for _ in range(random.randint(1, 30)))


def _pairs(fields: Fields, but: str | None = None) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in fields.items() if name != but)


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "replace"))


def _part(name: bytes, data: bytes, *, is_file: bool = False) -> bytes:
    file = b'; filename="a"\r\nContent-Type: text/plain' if is_file else b""
    return (
        b'--x\r\nContent-Disposition: form-data; name="' + name + b'"' + file + b"\r\n\r\n" + data + b"\r\n"
    )
