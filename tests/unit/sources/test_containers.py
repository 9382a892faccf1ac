"""Packed files and archives: what is in them is read, what is wrong with them is named, nothing grows without bound."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from streams.errors import OperatorError, Reason
from streams.sources import containers
from streams.sources.base import Item
from streams.sources.files import count_bytes, read_arguments, read_paths
from tests.support.articles import BODY, raw_bytes

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}
LINES = raw_bytes(id="1") + b"\n" + raw_bytes(id="2") + b"\n"


def read(*paths: Path) -> list[Item]:
    return list(read_paths(list(paths)))


def ids(items: list[Item]) -> list[str | None]:
    return [item.raw.id for item in items if item.raw is not None]


def faults(items: list[Item]) -> list[str]:
    return [item.failure.detail for item in items if item.failure is not None]


def tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", PACKINGS)
def test_packed_files_by_any_name(tmp_path: Path, suffix: str) -> None:
    for name in (f"day.jsonl{suffix}", "day", "day.jsonl"):
        file = tmp_path / name
        file.write_bytes(PACKINGS[suffix](LINES))
        assert ids(read(file)) == ["1", "2"]
    file = tmp_path / f"page.html{suffix}"
    file.write_bytes(PACKINGS[suffix](f"<div>{BODY}</div>".encode()))
    (item,) = read(file)
    assert item.raw is not None
    assert item.raw.content_type == "text/html"


@pytest.mark.parametrize("suffix", PACKINGS)
def test_several_members_in_one_file(tmp_path: Path, suffix: str) -> None:
    """As parallel compressors and appending crawlers write them."""
    file = tmp_path / f"day.jsonl{suffix}"
    pack = PACKINGS[suffix]
    file.write_bytes(b"".join(pack(raw_bytes(id=str(number)) + b"\n") for number in range(5)))
    assert ids(read(file)) == list("01234")


@pytest.mark.parametrize("suffix", PACKINGS)
def test_a_packed_file_that_is_cut_gives_what_stands_before_and_is_named(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"day.jsonl{suffix}"
    # Two members, so that the first is whole for packings that give out large blocks.
    file.write_bytes(PACKINGS[suffix](LINES) + PACKINGS[suffix](LINES)[:-12])
    items = read(file)
    assert ids(items)[:2] == ["1", "2"]
    assert any("is damaged" in fault for fault in faults(items))


def test_garbage_in_a_packed_file(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl.gz"
    file.write_bytes(gzip.compress(LINES) + b"garbage")
    items = read(file)
    assert ids(items) == ["1", "2"]
    assert any("the gzip stream is damaged" in fault for fault in faults(items))
    file.write_bytes(b"no gzip at all")
    assert faults(read(file)) == ["not a readable .gz file, as its name says"]


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tgz", "x.tar.xz", "x.tar.zst", "x"])
def test_tar_archives(tmp_path: Path, name: str) -> None:
    data = tar({"./a/day.jsonl": LINES, "a/picture.png": b"\x89PNG\0\1\2", "a/page.htm.gz": gzip.compress(b"<p>x</p>")})
    suffix = Path(name).suffix.replace(".tgz", ".gz")
    file = tmp_path / name
    file.write_bytes(PACKINGS.get(suffix, bytes)(data))
    items = read(file)
    assert [item.location for item in items] == [
        f"{file}!./a/day.jsonl:1",
        f"{file}!./a/day.jsonl:2",
        f"{file}!a/page.htm.gz",
        str(file),
    ]
    assert items[-1].skipped == "skipped 1 .png files (picture.png)"


def test_members_that_are_no_files_or_lead_out_are_passed_over_by_name(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "link"), (tarfile.CHRTYPE, "device"), (tarfile.FIFOTYPE, "pipe")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("../../out.jsonl", "in.jsonl"):
            info = tarfile.TarInfo(name)
            info.size = len(LINES)
            archive.addfile(info, io.BytesIO(LINES))
    (tmp_path / "x.tar").write_bytes(buffer.getvalue())
    *found, skipped = read(tmp_path / "x.tar")
    assert ids(found) == ["1", "2"]
    assert skipped.skipped == (
        "skipped 3 links and devices (link, device, pipe); "
        "1 members whose names lead out of the archive (../../out.jsonl)"
    )
    (tmp_path / "x.zip").write_bytes(zipped({"..\\x.jsonl": LINES, "\u202egnp.jsonl": LINES}))
    items = read(tmp_path / "x.zip")
    assert ids(items) == ["1", "2"]
    assert "\u202e" not in items[0].location
    assert items[-1].skipped is not None


def test_a_cut_tar_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.tar"
    file.write_bytes(tar({"a.jsonl": LINES, "b.jsonl": LINES * 50})[:3000])
    items = read(file)
    assert ids(items)[:2] == ["1", "2"]
    assert any("damaged" in fault for fault in faults(items))


def test_damaged_and_encrypted_members_of_a_zip_cost_themselves_alone(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.jsonl": LINES, "b.jsonl": LINES, "c.jsonl": LINES}))
    at = data.index(b"b.jsonl")
    data[at + 20] ^= 0xFF  # in the compressed bytes of b
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        offset = archive.getinfo("c.jsonl").header_offset
    data[offset + 6] |= 1  # encrypted
    data[data.rindex(b"c.jsonl") - 38] |= 1
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    items = read(file)
    assert ids(items)[:2] == ["1", "2"]
    text = " ".join(faults(items))
    assert "b.jsonl is damaged" in text
    assert "c.jsonl: " in text


def test_archives_in_archives_up_to_a_limit(tmp_path: Path) -> None:
    two = zipped({"inner.tar.gz": gzip.compress(tar({"day.jsonl": LINES}))})
    (tmp_path / "two.zip").write_bytes(two)
    assert ids(read(tmp_path / "two.zip")) == ["1", "2"]
    (tmp_path / "three.tar").write_bytes(tar({"two.zip": two, "day.jsonl": LINES}))
    items = read(tmp_path / "three.tar")
    assert ids(items) == ["1", "2"]
    assert faults(items) == ["an archive in 2 archives is not read: unpack the outer ones first"]
    assert items[0].location == f"{tmp_path}/three.tar!two.zip!inner.tar.gz"


@pytest.mark.parametrize("kind", ["gz", "zip", "tar.gz"])
def test_what_unpacks_to_far_more_than_it_has_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(containers, "FREE_BYTES", 1_000_000)
    monkeypatch.setattr(containers, "MAX_RATIO", 100)
    line = b'{"x": "%s"}\n' % (b" " * 100)
    bomb = line * 50_000
    data = {
        "gz": lambda: gzip.compress(bomb),
        "zip": lambda: zipped({f"{number}.jsonl": bomb[: len(bomb) // 2] for number in range(2)}),
        "tar.gz": lambda: gzip.compress(tar({"x.jsonl": bomb})),
    }[kind]()
    file = tmp_path / f"x.jsonl.{kind}"
    file.write_bytes(data)
    read_lines = 0
    found = []
    for item in read_paths([file]):
        read_lines += item.data == line.strip()
        if not item.data:
            found.append(item)
    assert any(item.failure is not None and item.failure.reason is Reason.TOO_LARGE for item in found)
    assert 0 < read_lines < 25_000


def test_a_zip_in_a_stream_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_NESTED_ZIP_BYTES", 1000)
    (tmp_path / "x.tar").write_bytes(
        tar({"a.zip": zipped({"a.jsonl": random.Random(1).randbytes(5000)}), "b.jsonl": LINES})
    )
    items = read(tmp_path / "x.tar")
    assert ids(items) == ["1", "2"]
    assert "a ZIP archive that is not a file of its own may have" in faults(items)[0]


def test_layers_of_packing_have_a_limit(tmp_path: Path) -> None:
    data = LINES
    for _ in range(10):
        data = gzip.compress(data)
    (tmp_path / "x.gz").write_bytes(data)
    assert ids(read(tmp_path / "x.gz")) == []
    assert len(faults(read(tmp_path / "x.gz"))) == 1


def test_an_empty_archive_and_an_empty_file_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({}))
    assert read(tmp_path / "x.zip") == [Item.skip(str(tmp_path / "x.zip"), "holds no file")]
    (tmp_path / "x.jsonl").write_bytes(b"")
    assert read(tmp_path / "x.jsonl") == [Item.skip(str(tmp_path / "x.jsonl"), "skipped: empty files")]


def test_a_folder_names_what_it_skipped_and_goes_on_after_damage(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINES)[:-9])
    (tmp_path / "sub" / "b.jsonl").write_bytes(LINES)
    for number in range(7):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\0\1")
    (tmp_path / "README").write_text("read me")
    items = read(tmp_path)
    assert ids(items)[-2:] == ["1", "2"]
    assert any("the gzip stream is damaged" in fault for fault in faults(items))
    assert items[-1] == Item.skip(
        str(tmp_path),
        "skipped 7 .png files (0.png, 1.png, 2.png, 3.png, 4.png, and 2 more); 1 files of no known format (README)",
    )


def test_an_empty_path_is_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(LINES)
    with pytest.raises(OperatorError, match="a path is empty") as caught:
        list(read_arguments(["a.jsonl", ""]))
    assert caught.value.status == 2
    assert ids(list(read_arguments(["."]))) == ["1", "2"]


def test_progress_is_counted_in_bytes_as_stored(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES * 100))
    (tmp_path / "b.tar").write_bytes(tar({"a.jsonl": LINES}))
    seen: list[int] = []
    for _ in read_paths([tmp_path], on_read=seen.append):
        pass
    assert sum(seen) == count_bytes([tmp_path])
