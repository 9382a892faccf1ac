"""Files in, records out: every kind, and every fault named by file and line with its bytes kept."""

import base64
import json
import zipfile
from pathlib import Path

import pytest

from streams.errors import OperatorError, Reason
from streams.sources.base import Item
from streams.sources.files import count_bytes, read_paths
from tests.support.articles import raw_bytes, raw_record


def read(*paths: Path) -> list[Item]:
    return list(read_paths(list(paths)))


def test_lines(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    good = raw_bytes()
    file.write_bytes(b"\xef\xbb\xbf" + good + b"\r\n\n" + b'{"url": "http://a.b"' + b"\n" + raw_bytes(id="x"))
    items = read(file)
    assert [item.location for item in items] == [f"{file}:1", f"{file}:3", f"{file}:4"]
    assert items[0].data == good
    assert items[0].raw is not None
    assert items[1].raw is None
    assert items[1].failure is not None
    assert items[1].failure.reason is Reason.NOT_JSON
    assert items[1].data == b'{"url": "http://a.b"'
    assert items[2].raw is not None
    assert items[2].raw.id == "x"


def test_array_elements_keep_their_bytes_and_lines(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    first = json.dumps(raw_record(id="1"), ensure_ascii=False, indent=2)
    file.write_text(f'[\n{first},\n  {{"url": "http://a.b/c"}},\n{json.dumps(raw_record(id="3"))}]', encoding="utf-8")
    items = read(file)
    assert [bool(item.raw) for item in items] == [True, False, True]
    assert items[0].data.decode() == first
    assert items[0].location == f"{file}:2"
    assert items[1].location == f"{file}:{2 + first.count(chr(10)) + 1}"
    assert items[1].data == b'{"url": "http://a.b/c"}'
    assert items[1].failure is not None
    assert "source" in items[1].failure.detail


def test_a_broken_array_gives_what_stands_before_the_fault_and_keeps_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(json.dumps([raw_record(id="1"), raw_record(id="2")])[:-20], encoding="utf-8")
    items = read(file)
    assert items[0].raw is not None
    assert items[1].failure is not None
    assert items[1].failure.reason is Reason.NOT_JSON
    assert items[1].data.startswith(b'{"url"')


def test_an_array_that_is_not_closed_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "open.json"
    file.write_text("[" + json.dumps(raw_record()), encoding="utf-8")
    assert [item.failure is None for item in read(file)] == [True, False]


def test_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(b'[\n{"url": "\xe1"}]')
    (item,) = read(file)
    assert item.location == f"{file}:2"
    # The record alone: those beside it may be sound.
    assert item.data == b'{"url": "\xe1"}'
    assert item.failure is not None
    assert (item.failure.reason, item.failure.detail) == (Reason.NOT_JSON, "byte 9 is not UTF-8")


def test_deep_nesting_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text("[" * 200_000, encoding="utf-8")
    (item,) = read(file)
    assert item.failure is not None
    assert item.failure.reason is Reason.NOT_JSON


def test_pages_go_as_bytes_in_whatever_encoding(tmp_path: Path) -> None:
    page = tmp_path / "صفحة 1.html"
    page.write_bytes("<p>خبر</p>".encode("cp1256"))
    (item,) = read(page)
    assert item.raw is not None
    assert item.raw.content_type == "text/html"
    assert item.raw.url.startswith("file:///")
    assert item.raw.content_bytes() == "<p>خبر</p>".encode("cp1256")
    assert json.loads(item.data)["content"] == base64.b64encode("<p>خبر</p>".encode("cp1256")).decode()


def test_zip_members_and_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("day.json", json.dumps([raw_record(id="z1"), raw_record(id="z2")]))
        archive.writestr("notes.md", "left alone")
        archive.writestr("page.txt", "نص")
    (tmp_path / "b.jsonl").write_bytes(raw_bytes(id="b"))
    items = read(tmp_path)
    assert items.pop(3) == Item.skip(str(tmp_path / "a.zip"), "skipped 1 .md files (notes.md)")
    assert [item.raw.id if item.raw else None for item in items] == ["z1", "z2", None, "b"]
    assert items[2].raw is not None
    assert items[2].raw.url.endswith("a.zip#page.txt")
    assert count_bytes([tmp_path]) == sum(f.stat().st_size for f in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing.json", "known.pdf", "empty/"])
def test_paths_that_cannot_be_read_are_called_wrong(tmp_path: Path, name: str) -> None:
    (tmp_path / "known.pdf").write_bytes(b"%PDF")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OperatorError) as caught:
        read(tmp_path / name)
    assert caught.value.status == 2
    assert name.strip("/") in caught.value.message


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.zip"
    file.write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "good.jsonl").write_bytes(raw_bytes())
    bad, good = read(tmp_path)
    # The rest of the folder is read, and the command that reads it fails.
    assert bad.location == str(file)
    assert bad.failure is not None
    assert "not a readable ZIP archive" in bad.failure.detail
    assert good.raw is not None
