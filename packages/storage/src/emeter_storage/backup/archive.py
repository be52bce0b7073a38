"""The file of a backup: a tar that can be written to a pipe, and is read as a whole before it is believed.

Its members: the format, parts of compressed rows, the manifest, and the manifest's own hash at the end.
"""

import hashlib
import io
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from emeter_storage.backup.manifest import FORMAT, Manifest, Part
from emeter_storage.errors import UserError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FIRST, _MANIFEST, _HASH, _KEY = "emeter-backup", "manifest.json", "manifest.json.sha256", "secret_key"
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 64 << 20
# Memory that one part takes while it is written: a member of a tar says its length first.
_PART = 8 << 20
# Of 1,000 monitors' results of a day, 101 MB: level 1 takes 0.7 s and leaves 34 %, level 6 2.3 s and 30 %.
_LEVEL = 1
# Unpacked it is some 200 kB, and never over 66 MB: deflate makes a thousand bytes of one at most.
_PIECE = 64 << 10
_GZIP = 16 + zlib.MAX_WBITS


class ArchiveWriter:
    """Writes the members of a backup one after the other; the file may be a pipe."""

    def __init__(self, file: IO[bytes]) -> None:
        self.written = 0
        self._file = file
        self._add(_FIRST, b"%d\n" % FORMAT)

    def relation(self, name: str) -> "RelationWriter":
        """Begin the rows of a relation; close it before the next one."""
        return RelationWriter(self, name)

    def add_key(self, key: str) -> Part:
        """Write the secret key."""
        return self._add(_KEY, key.encode() + b"\n")

    def finish(self, manifest: Manifest) -> None:
        """Write the last word; without it the file is worth nothing."""
        said = manifest.model_dump_json(indent=1).encode()
        self._add(_MANIFEST, said)
        self._add(_HASH, hashlib.sha256(said).hexdigest().encode() + b"\n")
        self._write(bytes(2 * tarfile.BLOCKSIZE))

    def _add(self, name: str, data: bytes) -> Part:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
        self._write(member.tobuf(tarfile.USTAR_FORMAT))
        self._write(data)
        self._write(bytes(-len(data) % tarfile.BLOCKSIZE))
        return Part(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.written += len(data)


class RelationWriter(io.RawIOBase):
    """Takes the rows of a relation as COPY tells them, and writes them compressed, part by part."""

    def __init__(self, archive: ArchiveWriter, name: str) -> None:
        self.parts: list[Part] = []
        self.taken = 0
        """Bytes before the compression."""
        self._archive, self._name = archive, name
        self._gzip = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._waiting = bytearray()

    def writable(self) -> bool:
        """Say that this is for writing."""
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Take some rows."""
        length = memoryview(data).nbytes
        self.taken += length
        self._waiting += self._gzip.compress(data)
        while len(self._waiting) >= _PART:
            self._write_part(_PART)
        return length

    def end(self) -> list[Part]:
        """Write what is left; returns all parts."""
        self._waiting += self._gzip.flush()
        while self._waiting:
            self._write_part(_PART)
        return self.parts

    def _write_part(self, size: int) -> None:
        name = f"data/{self._name}/{len(self.parts) + 1:05}.copy.gz"
        self.parts.append(self._archive._add(name, bytes(self._waiting[:size])))  # noqa: SLF001 - its other half
        del self._waiting[:size]


class ArchiveReader:
    """A backup that was read once as a whole: all of it is there, and is what was written.

    Raise UserError, in one line, for a file that is no backup, cut off, damaged or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0
        """Bytes of rows that were read since."""
        self._file = self._open()
        try:
            self._places: dict[str, tuple[int, int]] = {}
            self.manifest = self._verified()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes of rows, compressed."""
        return sum(part.size for part in self.manifest.parts)

    @property
    def key(self) -> str:
        """The secret key that came along; empty where none did."""
        return self._bytes(_KEY).decode().strip() if self.manifest.key else ""

    def rows(self, parts: list[Part]) -> Iterator[bytes]:
        """The rows of a relation as COPY wants them; raise UserError where they cannot be unpacked."""
        gzip = zlib.decompressobj(_GZIP)
        for part in parts:
            data = self._bytes(part.name)
            self.read += len(data)
            for begin in range(0, len(data), _PIECE):
                try:
                    yield gzip.decompress(data[begin : begin + _PIECE])
                except zlib.error:
                    raise self._bad("is damaged: rows cannot be unpacked") from None
        if not gzip.eof:
            raise self._bad("is damaged: rows are cut off")

    def _open(self) -> IO[bytes]:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise UserError(f"{self.path}: {error.strerror}") from None
        if not file.seekable():
            file.close()
            raise UserError(f"{self.path} is no file: a backup is read twice, so it cannot come by a pipe.")
        return file

    def _verified(self) -> Manifest:
        try:
            hashes = self._look_through()
        except (tarfile.TarError, OSError, ValueError):
            raise self._bad("is damaged or cut off") from None
        if not {_MANIFEST, _HASH} <= hashes.keys():
            raise self._bad("is not complete: its end is missing")
        if self._bytes(_HASH).decode("ascii", "replace").strip() != hashes[_MANIFEST]:
            raise self._bad("is damaged: its manifest is not what was written")
        try:
            manifest = Manifest.model_validate_json(self._bytes(_MANIFEST))
        except ValidationError:
            raise self._bad("has a manifest that cannot be read") from None
        for part in manifest.parts:
            if hashes.get(part.name) != part.sha256:
                raise self._bad(f"is damaged: {part.name} is not what was written")
        return manifest

    def _look_through(self) -> dict[str, str]:
        """The hash of each member; where they lie is noted."""
        hashes: dict[str, str] = {}
        try:
            tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115 - the file is ours to close
            first = tar.next()
        except tarfile.TarError:
            first = None
        if first is None or first.name != _FIRST:
            raise self._bad("is no backup of E-Meter")
        self._require_format(first.offset_data, first.size)
        while member := tar.next():
            if not member.isreg() or (member.name == _MANIFEST and member.size > _LARGEST_MANIFEST):
                raise self._bad("is damaged: it holds what no backup does")
            self._places[member.name] = member.offset_data, member.size
            hashes[member.name] = self._hash(member.offset_data, member.size)
            # It would keep all of them.
            tar.members = []  # type: ignore[attr-defined] # not in the types, but in the documentation of `next`
        return hashes

    def _require_format(self, offset: int, size: int) -> None:
        said = self._at(offset, min(size, 20)).decode("ascii", "replace").strip()
        if not said.isascii() or not said.isdecimal():
            raise self._bad("is no backup of E-Meter")
        if int(said) > FORMAT:
            raise self._bad(f"has the format {said}, and this E-Meter reads up to {FORMAT}: take a newer one")

    def _hash(self, offset: int, size: int) -> str:
        digest = hashlib.sha256()
        self._file.seek(offset)
        while size:
            chunk = self._file.read(min(size, _CHUNK))
            if not chunk:
                raise self._bad("is not complete: its end is missing")
            digest.update(chunk)
            size -= len(chunk)
        return digest.hexdigest()

    def _bytes(self, name: str) -> bytes:
        return self._at(*self._places[name])

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def _bad(self, what: str) -> UserError:
        return UserError(f"{self.path} {what}. Nothing was restored.")
