"""Cut a stream of JSON into its records without parsing them, so that each keeps its bytes and its place. Pure.

A file of any size is read with one record in memory, and a record that is broken inside costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from streams.sources.readers.base import KEPT_BYTES

_CHUNK = 1024 * 1024
# Between records also NUL, with which some file systems fill what a crash left, and RS of JSON text sequences
# (RFC 7464).
_BETWEEN_RE = re.compile(rb"[\s,\x00\x1e]*")
_SIGN_RE = re.compile(rb'["{}\[\]]')
_IN_TEXT_RE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_WORD_RE = re.compile(rb"[^\s,{}\[\]\"\x00]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """One value of the stream.

    Attributes:
        data: its bytes, or their beginning if it is too long.
        line: the line on which it begins, from 1.
        number: its position in the array that it is an element of, from 1; 0 outside of an array.
        shares_line: whether its line also holds the beginning of the array, or of another element.
        fault: why it is not a whole value, or None.
    """

    data: bytes
    line: int
    number: int
    shares_line: bool
    fault: str | None = None


class Scanner:
    """Reads values from a stream.

    Args:
        stream: the JSON, in UTF-8.
        limit: the longest value in bytes; what is longer is passed over.
    """

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._ended = False

    def values(self) -> Iterator[Piece]:
        """Yield all values; the elements of arrays instead of the arrays."""
        while self._more():
            if self._buffer[self._at : self._at + 1] == b"[":
                self._take(1)
                yield from self.elements()
            else:
                yield self._value(0, shares_line=False)

    def elements(self) -> Iterator[Piece]:
        """Yield the elements of an array whose opening bracket has been read, up to its end."""
        number, line = 0, self._line
        while self._more():
            if self._buffer[self._at : self._at + 1] == b"]":
                self._take(1)
                return
            number += 1
            begins = self._line
            piece = self._value(number, shares_line=begins == line)
            line = self._line
            yield piece
            if piece.fault is not None and self._ended and self._at >= len(self._buffer):
                return
        yield Piece(b"", self._line, number + 1, shares_line=False, fault="the array is not closed")

    def skip_to(self, pattern: re.Pattern[bytes], keep: int) -> bytes | None:
        """Read on to after the next match of a pattern.

        Args:
            pattern: matches at most `keep` bytes.
            keep: how much is kept of what was passed over, so that no match is cut in two.

        Returns:
            The bytes before the match, at most the last chunk of them, and the match; None if there is none.
        """
        while True:
            if (match := pattern.search(self._buffer, self._at)) is not None:
                passed = self._buffer[self._at : match.end()]
                self._take(match.end() - self._at)
                return passed
            if not self._fill():
                return None
            if len(self._buffer) - self._at > 2 * _CHUNK:
                self._take(len(self._buffer) - self._at - max(keep, _CHUNK))

    def _more(self) -> bool:
        """Move to the next value; return whether there is one."""
        while True:
            match = _BETWEEN_RE.match(self._buffer, self._at)
            assert match is not None  # noqa: S101  (it matches the empty text)
            self._take(match.end() - self._at)
            if self._at < len(self._buffer):
                return True
            if not self._fill():
                return False

    def _value(self, number: int, *, shares_line: bool) -> Piece:
        line = self._line
        indent = self._indent()
        start = self._at
        if self._buffer[start : start + 1] not in {b"{", b"[", b'"'}:
            return Piece(self._word(), line, number, shares_line)
        at, depth, in_text, overflow = start, 0, False, b""
        while True:
            at, depth, in_text = self._scan(at, depth, in_text=in_text)
            if depth == 0 and not in_text and at > start:
                data = overflow or self._buffer[start:at]
                self._take(at - self._at)
                fault = "it is too long" if overflow else None
                return Piece(data, line, number, shares_line, fault)
            if at - start > self._limit:
                overflow = overflow or self._buffer[start : start + KEPT_BYTES]
                self._take(at - self._at)
                start = self._at
                at = start
            before = self._at
            if not self._fill():
                break
            shift = before - self._at
            start, at = start - shift, at - shift
        if overflow:
            self._take(len(self._buffer) - self._at)
            return Piece(overflow, line, number, shares_line, "it is too long")
        # What ends in the middle of a record, or a quotation mark too few: the next record may be sound.
        end = self._next_record(start, indent)
        data = self._buffer[start:end].rstrip(b" \t\r\n,")
        self._take(end - self._at)
        return Piece(data, line, number, shares_line, "it is not closed")

    def _scan(self, at: int, depth: int, *, in_text: bool) -> tuple[int, int, bool]:
        """Scan on in the buffer, until the value ends or the buffer does."""
        buffer = self._buffer
        while at < len(buffer):
            if in_text:
                match = _IN_TEXT_RE.match(buffer, at)
                at = match.end() if match else at
                if buffer[at : at + 1] != b'"':
                    break  # the text, or an escape in it, goes on in the next chunk
                at += 1
                in_text = False
            else:
                match = _SIGN_RE.search(buffer, at)
                if match is None:
                    at = len(buffer)
                    break
                at = match.end()
                sign = match.group()
                if sign == b'"':
                    in_text = True
                    continue
                depth += 1 if sign in {b"{", b"["} else -1
            if depth <= 0 and not in_text:
                return at, 0, False
        return at, depth, in_text

    def _word(self) -> bytes:
        """Read a number, a name, or whatever stands where a value should."""
        while True:
            match = _WORD_RE.match(self._buffer, self._at)
            end = match.end() if match else self._at
            if end < len(self._buffer) or len(self._buffer) - self._at > KEPT_BYTES or not self._fill():
                break
        end = max(end, self._at + 1)
        word = self._buffer[self._at : end]
        self._take(end - self._at)
        return word

    def _indent(self) -> bytes | None:
        """Return what stands before the value on its line if that is only white space, else None."""
        before = self._buffer[max(0, self._at - 200) : self._at].rpartition(b"\n")
        return before[2] if not before[2].strip(b" \t") else None

    def _next_record(self, start: int, indent: bytes | None) -> int:
        """Return where the next record begins: at a brace that stands as this one did; the end if there is none."""
        if indent is None or self._buffer[start : start + 1] != b"{":
            return len(self._buffer)
        match = re.compile(rb"\n" + re.escape(indent) + rb"(?=\{)").search(self._buffer, start)
        return match.end() if match else len(self._buffer)

    def _take(self, count: int) -> None:
        end = self._at + count
        self._line += self._buffer.count(b"\n", self._at, end)
        self._at = end

    def _fill(self) -> bool:
        """Read more; return whether there was more. What was taken leaves the buffer."""
        if self._ended:
            return False
        chunk = self._stream.read(_CHUNK)
        if not chunk:
            self._ended = True
            return False
        keep = max(0, self._at - 200)  # the indent of the next value
        self._buffer = self._buffer[keep:] + chunk
        self._at -= keep
        return True
