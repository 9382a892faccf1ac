"""Open what files are wrapped in: gzip, bzip2, xz and Zstandard, and the members of ZIP and tar archives.

Everything is read as a stream. What is damaged ends there, is reported, and costs nothing that stood before it. Nothing
is written to a disk under a name of the archive, so a name cannot lead out of it; such members are passed over all the
same. A stream or archive that unpacks to very much more than it has is given up (`MAX_RATIO`).
"""

from __future__ import annotations

import bz2
import io
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast
from urllib.parse import quote

from backports import zstd

from streams.errors import Reason, Rejected
from streams.settings import MIB
from streams.sources.base import Item
from streams.sources.readers.base import HEAD_BYTES, Document, Skipped

# Beyond this size, what unpacks to more than MAX_RATIO times its bytes is given up. Texts reach 20, copies of one page
# 200.
FREE_BYTES = 256 * MIB
MAX_RATIO = 500
# An archive in an archive is read, one in that is not.
MAX_ARCHIVES = 2
# page.html.gz.xz is somebody's joke.
MAX_LAYERS = 3
# A ZIP archive that is itself a member is copied to a temporary file, as its list of members stands at its end.
MAX_NESTED_ZIP_BYTES = 2048 * MIB
_SPOOL_BYTES = 16 * MIB
_CHUNK = 256 * 1024
_CONTROL_RE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Fault = str | None


@dataclass(slots=True)
class Budget:
    """How much a packed file may unpack to.

    Attributes:
        packed: bytes that were read of it, or its size.
        unpacked: bytes that came out.
    """

    packed: int = 0
    unpacked: int = 0

    def exceeded(self) -> bool:
        """Return whether more came out than any text has."""
        return self.unpacked > FREE_BYTES and self.unpacked > MAX_RATIO * max(self.packed, 1)


BOMB = f"it unpacks to more than {MAX_RATIO} times its size and {FREE_BYTES // MIB} MiB; the rest is not read"


@dataclass(slots=True)
class Faults:
    """What went wrong in the layers of one document, for one message after its records."""

    found: list[str] = field(default_factory=list)

    def add(self, fault: str) -> None:
        """Add a fault, once."""
        if fault not in self.found:
            self.found.append(fault)

    def items(self, location: str) -> Iterator[Item]:
        """Yield an item for each fault."""
        for fault in self.found:
            reason = Reason.TOO_LARGE if fault == BOMB else Reason.BAD_ENCODING
            yield Item(location, b"", failure=Rejected(reason, fault))


class _Stream(io.RawIOBase):
    """A stream made of a function that returns the next bytes, none at the end. Errors end it and are noted."""

    def __init__(self, read: Callable[[], bytes], faults: Faults, what: str) -> None:
        self._read_some = read
        self._faults = faults
        self._what = what
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            try:
                self._ready = self._read_some()
            except _Bomb:
                self._faults.add(BOMB)
                self._ready = b""
            except Exception as error:  # decompressors and archives raise errors of a dozen kinds on damaged bytes
                self._faults.add(f"{self._what} is damaged: {str(error) or type(error).__name__}")
                self._ready = b""
            self._ended = not self._ready
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


class _Bomb(Exception):
    """A stream unpacks to far more than it has."""


def _buffered(read: Callable[[], bytes], faults: Faults, what: str) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Stream(read, faults, what), HEAD_BYTES))


@dataclass(frozen=True, slots=True)
class _Packing:
    """A way to pack one file.

    Attributes:
        name: for messages.
        magic: its first bytes.
        suffixes: what it adds to the name of the file.
        reader: makes a function that returns the next unpacked bytes of a stream of packed ones.
    """

    name: str
    magic: bytes
    suffixes: dict[str, str]
    reader: Callable[[Callable[[int], bytes]], Callable[[], bytes]]


def _members(make: Callable[[], Any]) -> Callable[[Callable[[int], bytes]], Callable[[], bytes]]:
    """Unpack with the decompressor objects of the standard library, one for each member of the file."""

    def open_reader(read: Callable[[int], bytes]) -> Callable[[], bytes]:
        state: dict[str, Any] = {"unpack": make(), "rest": b"", "fresh": True}

        def more() -> bytes:
            while True:
                unpack = state["unpack"]
                # What gzip's decompressor could not give out for its limit of size waits in `unconsumed_tail`.
                packed = getattr(unpack, "unconsumed_tail", b"") or state["rest"]
                state["rest"] = b""
                if not packed and getattr(unpack, "needs_input", True) and not unpack.eof:
                    packed = read(_CHUNK)
                    if not packed:
                        if state["fresh"]:
                            return b""
                        raise EOFError("it ends in the middle")
                if unpack.eof:
                    rest = (unpack.unused_data or packed).lstrip(b"\0") or read(_CHUNK).lstrip(b"\0")
                    if not rest:
                        return b""
                    state.update(unpack=make(), rest=rest, fresh=True)
                    continue
                state["fresh"] = False
                if unpacked := unpack.decompress(packed, _CHUNK):
                    return cast(bytes, unpacked)

        return more

    return open_reader


_PACKINGS = (
    _Packing("gzip", b"\x1f\x8b", {".gz": "", ".tgz": ".tar", ".gzip": ""}, _members(lambda: zlib.decompressobj(31))),
    _Packing("bzip2", b"BZh", {".bz2": "", ".tbz2": ".tar", ".tbz": ".tar"}, _members(bz2.BZ2Decompressor)),
    _Packing("xz", b"\xfd7zXZ\x00", {".xz": "", ".txz": ".tar"}, _members(lzma.LZMADecompressor)),
    _Packing(
        "Zstandard", b"\x28\xb5\x2f\xfd", {".zst": "", ".zstd": "", ".tzst": ".tar"}, _members(zstd.ZstdDecompressor)
    ),
)
# Packings of files that are not read: their first bytes, and what unpacks them.
_UNREAD = {
    b"\x04\x22\x4d\x18": ("LZ4", "lz4 -d"),
    b"\xff\x06\x00\x00sNaPpY": ("Snappy", "snzip -d"),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x"),
    b"Rar!\x1a\x07": ("RAR", "unrar x"),
}
PACKED_SUFFIXES = frozenset(suffix for packing in _PACKINGS for suffix in packing.suffixes)


def make_document(location: str, name: str, uri: str, stream: BinaryIO) -> Document:
    """Make a document of a stream, whose beginning is read now."""
    head = bytearray()
    while len(head) < HEAD_BYTES and (chunk := stream.read(HEAD_BYTES - len(head))):
        head += chunk
    kept = bytes(head)
    parts = [kept]
    faults = Faults()
    whole = _buffered(lambda: parts.pop() if parts and parts[0] else stream.read(_CHUNK), faults, "it")
    return Document(location, name, uri, kept, whole)


def unpack(document: Document, faults: Faults) -> Document:
    """Return the document without its layers of compression, if it has any.

    Args:
        document: as it is stored.
        faults: gets what turns out to be damaged while the result is read.
    """
    for layer in range(MAX_LAYERS + 1):
        packing = next((each for each in _PACKINGS if document.head.startswith(each.magic)), None)
        if packing is None:
            unread = next((each for magic, each in _UNREAD.items() if document.head.startswith(magic)), None)
            if unread is not None:
                faults.add(f"it is packed with {unread[0]}, which is not read: unpack it with `{unread[1]}` first")
            break
        if layer == MAX_LAYERS:
            faults.add(f"it is packed more than {MAX_LAYERS} times")
            break
        budget = Budget()
        packed = document.stream

        def read(size: int, packed: BinaryIO = packed, budget: Budget = budget) -> bytes:
            chunk = packed.read(size)
            budget.packed += len(chunk)
            return chunk

        counted = _counted(packing.reader(read), budget)
        name = document.name
        for suffix, instead in packing.suffixes.items():
            if name.lower().endswith(suffix):
                name = name[: -len(suffix)] + instead
                break
        document = make_document(
            document.location, name, document.uri, _buffered(counted, faults, f"the {packing.name} stream")
        )
    return document


def _counted(read: Callable[[], bytes], budget: Budget) -> Callable[[], bytes]:
    def more() -> bytes:
        chunk = read()
        budget.unpacked += len(chunk)
        if budget.exceeded():
            raise _Bomb
        return chunk

    return more


def is_archive(document: Document) -> bool:
    """Return whether the document is a ZIP or tar archive."""
    return _is_zip(document) or _is_tar(document)


def _is_zip(document: Document) -> bool:
    return document.head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _is_tar(document: Document) -> bool:
    return document.head[257:262] == b"ustar"


def open_members(
    document: Document, faults: Faults, skipped: Skipped, *, file: IO[bytes] | None = None
) -> Iterator[Document]:
    """Yield the members of an archive that are files, each to be read before the next.

    Args:
        document: the archive.
        faults: gets what is damaged.
        skipped: counts members that cannot be read as they are: links, devices, encrypted ones.
        file: the archive as a file, if it is one, which saves a copy.
    """
    if _is_tar(document):
        yield from _open_tar(document, faults, skipped)
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        if file is None:
            size = 0
            while chunk := document.stream.read(MIB):
                size += len(chunk)
                if size > MAX_NESTED_ZIP_BYTES:
                    faults.add(
                        f"a ZIP archive that is not a file of its own may have {MAX_NESTED_ZIP_BYTES // MIB} MiB"
                    )
                    return
                spool.write(chunk)
            file = cast(IO[bytes], spool)
        yield from _open_zip(document, file, faults, skipped)


def _open_zip(document: Document, file: IO[bytes], faults: Faults, skipped: Skipped) -> Iterator[Document]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    budget = Budget(packed=size)
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises errors of many kinds on damaged bytes
        faults.add(f"not a readable ZIP archive: {error}")
        return
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if (why := _refused_name(info.filename)) is not None:
                skipped.add(why, shown_name(info.filename))
                continue
            location = f"{document.location}!{shown_name(info.filename)}"
            try:
                member = archive.open(info)
            except Exception as error:  # encrypted, an unknown compression, a damaged header
                faults.add(f"{shown_name(info.filename)}: {error}")
                continue
            with member:
                read = _counted(lambda member=member: member.read(_CHUNK), budget)  # type: ignore[misc]
                stream = _buffered(read, faults, shown_name(info.filename))
                yield make_document(location, info.filename, _member_uri(document, info.filename), stream)
            if BOMB in faults.found:
                return


def _open_tar(document: Document, faults: Faults, skipped: Skipped) -> Iterator[Document]:
    try:
        with tarfile.open(fileobj=document.stream, mode="r|", errorlevel=1) as archive:
            for info in archive:
                # It keeps a list of all members otherwise.
                archive.members = []  # type: ignore[attr-defined]
                name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                if info.isdir():
                    continue
                if not info.isfile():
                    skipped.add("links and devices", shown_name(name))
                    continue
                if (why := _refused_name(name)) is not None:
                    skipped.add(why, shown_name(name))
                    continue
                member = archive.extractfile(info)
                assert member is not None  # noqa: S101  (it is a file)
                stream = _buffered(lambda member=member: member.read(_CHUNK), faults, shown_name(name))  # type: ignore[misc]
                yield make_document(
                    f"{document.location}!{shown_name(name)}", name, _member_uri(document, name), stream
                )
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        faults.add(f"the tar archive is damaged: {error}")


def _refused_name(name: str) -> str | None:
    """Return what is wrong with a member's name, if it would lead out of the folder that the archive is unpacked in."""
    parts = name.replace("\\", "/").split("/")
    return "members whose names lead out of the archive" if ".." in parts else None


def shown_name(name: str) -> str:
    """Return a name as messages show it: one line, and without characters that change the direction of others."""
    return _CONTROL_RE.sub("\N{REPLACEMENT CHARACTER}", name)


def _member_uri(document: Document, name: str) -> str:
    encoded = quote(name, safe="/!$&'()*+,;=:@~-._?", errors="replace")
    return f"{document.uri}{'!' if '#' in document.uri else '#'}{encoded}"
