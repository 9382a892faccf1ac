"""The archive: what is written is read back as it was; a crash or a full disk loses nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from streams.archive.files import OPEN, ArchiveFiles, repair, whole_bytes
from streams.archive.source import read
from streams.archive.tap import Archive, build
from streams.errors import OperatorError, Reason, Retryable
from streams.observability.metrics import Metrics
from streams.settings import Settings
from streams.stage import Original
from tests.support.processes import wait_until

PAGE = "<html><body><h1>افتتاح الميناء الجديد</h1><p>رست أول سفينة صباح اليوم.</p></body></html>"


def original(offset: int, fields: dict[str, Any] | bytes) -> Original:
    value = fields if isinstance(fields, bytes) else json.dumps(fields, ensure_ascii=False).encode()
    return Original("articles.raw", 2, offset, 1_780_000_000.5, b"key", value)


def raw(number: int = 1, **more: Any) -> dict[str, Any]:
    url = f"https://almina.example.com/{number}"
    return {"url": url, "source": "almina", "content": PAGE, "content_type": "text/html", **more}


RAW = {
    "a page": raw(),
    "fields that we do not know": raw(crawler={"depth": 3}, title="افتتاح الميناء", extra={"tags": ["ميناء"]}),
    "another charset": raw(content=base64.b64encode(PAGE.encode("windows-1256")).decode(), encoding="windows-1256"),
    "an unknown charset": raw(content=base64.b64encode(b"\xff\xfe\x00<").decode(), encoding="auto"),
    "plain text": raw(content="نص قصير بلا وسوم.", content_type=None),
    "an empty page": raw(content=""),
    "a fetch": raw(fetched_at="2015-07-21T10:00:00+03:00", id="7", published_at=None),
    "a response": raw(
        extra={
            "http": {"status": 200, "headers": {"Content-Type": "text/html", "Content-Encoding": "gzip", "X": "a\r\nb"}}
        }
    ),
    "a response without a page": raw(extra={"http": {"status": 599, "headers": [["bad name", 1], ["ETag", '"x"']]}}),
    "something else named http": raw(extra={"http": "1.1"}),
    "an address with spaces": raw(url="https://almina.example.com/خبر جديد"),
    "line ends in a charset": raw(content="", encoding="utf-8\r\nX: 1"),
    "numbers beyond 64 bits": raw(extra={"n": 2**70}),
}


def writer(folder: Path, max_bytes: int = 2**30, max_seconds: float = 3600) -> ArchiveFiles:
    return ArchiveFiles(folder, "rasd", max_bytes, max_seconds)


def write(folder: Path, *originals: Original) -> Path:
    """One finished file."""
    files = writer(folder)
    files.append(originals)
    files.finish()
    (path,) = folder.glob("*.warc.gz")
    return path


def records(path: Path) -> list[tuple[Any, bytes]]:
    """What warcio reads, with all digests checked."""
    found = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            found.append((record, record.content_stream().read()))
    return found


def read_back(*paths: Path) -> list[bytes]:
    items = list(read([str(path) for path in paths]))
    assert [item.failure for item in items if item.failure] == []
    return [item.data for item in items]


@pytest.mark.parametrize("given", RAW.values(), ids=RAW.keys())
def test_a_record_is_read_back_as_it_was(tmp_path: Path, given: dict[str, Any]) -> None:
    path = write(tmp_path, original(17, given))
    (data,) = read_back(tmp_path)
    assert json.loads(data) == given
    info, fields, page = records(path)
    assert [each.rec_type for each, _ in (info, fields)] == ["warcinfo", "metadata"]
    headers = page[0].rec_headers
    assert [headers.get_header(f"Rasd-Kafka-{name}") for name in ("Topic", "Partition", "Offset", "Time")] == [
        *("articles.raw", "2", "17"),
        "2026-05-28T20:26:40.500000Z",
    ]
    assert headers.get_header("WARC-Payload-Digest").startswith("sha256:")
    assert headers.get_header("WARC-Block-Digest").startswith("sha256:")
    assert fields[0].rec_headers.get_header("WARC-Refers-To") == headers.get_header("WARC-Record-ID")


def test_a_page_is_a_response_where_status_and_headers_are_known(tmp_path: Path) -> None:
    page = records(write(tmp_path, original(1, RAW["a response"])))[2]
    assert page[0].rec_type == "response"
    assert page[0].http_headers.get_statuscode() == "200"
    assert page[0].http_headers.headers == [
        ("Content-Type", "text/html"),
        ("X-Archive-Orig-Content-Encoding", "gzip"),
        ("X", "a b"),
    ]
    assert page[1] == PAGE.encode()


def test_a_page_is_a_resource_with_its_charset_otherwise(tmp_path: Path) -> None:
    page = records(write(tmp_path, original(1, RAW["another charset"])))[2]
    assert page[0].rec_type == "resource"
    assert page[0].rec_headers.get_header("Content-Type") == "text/html; charset=windows-1256"
    assert page[1] == PAGE.encode("windows-1256")


@pytest.mark.parametrize(
    "value",
    [b"no JSON", b"", b'{"url": "x"}', json.dumps(raw(encoding="utf-8", content="no base64!")).encode(), b"\x00" * 9],
    ids=["not JSON", "a tombstone", "no raw record", "not base64", "zeros"],
)
def test_what_is_no_raw_record_is_kept_as_it_came_and_not_sent_again(tmp_path: Path, value: bytes) -> None:
    path = write(tmp_path, original(5, value), original(6, raw()))
    kept = records(path)[1]
    assert kept[1] == value
    assert kept[0].rec_headers.get_header("WARC-Target-URI") == "urn:rasd:articles.raw:2:5"
    assert [json.loads(data) for data in read_back(path)] == [raw()]


def test_each_record_is_a_gzip_member(tmp_path: Path) -> None:
    path = write(tmp_path, *(original(number, raw(number)) for number in range(3)))
    whole = path.read_bytes()
    starts = []
    with path.open("rb") as stream:
        iterator = ArchiveIterator(stream)
        starts = [iterator.get_record_offset() for _ in iterator]
    assert len(starts) == 7
    for begin, end in zip(starts, [*starts[1:], len(whole)], strict=True):
        assert gzip.decompress(whole[begin:end]).startswith(b"WARC/1.1\r\n")


def test_a_record_that_is_written_again_has_the_same_id_and_is_sent_once(tmp_path: Path) -> None:
    files = writer(tmp_path)
    for _ in range(2):  # as after a crash before the acknowledgement
        files.append([original(1, raw(1)), original(2, raw(2))])
        files.finish()
    assert len(list(tmp_path.iterdir())) == 2
    assert [json.loads(data)["url"][-1] for data in read_back(tmp_path)] == ["1", "2"]
    # Another record at the same offset: Kafka began anew.
    files.append([original(1, raw(3))])
    files.finish()
    assert len(read_back(tmp_path)) == 3


def test_a_file_is_finished_by_its_size_or_age_and_never_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = writer(tmp_path, max_bytes=3000)
    for number in range(8):
        files.append([original(number, raw(number))])
        assert len(list(tmp_path.glob(f"*{OPEN}"))) <= 1
    files.finish()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 1
    assert max(sizes) < 3000 + 2000
    assert len(read_back(tmp_path)) == 8
    files.finish()
    assert len(list(tmp_path.iterdir())) == len(sizes)

    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    metrics = Metrics()
    archive = Archive(writer(tmp_path / "old", max_seconds=60), metrics)
    (tmp_path / "old").mkdir()

    async def age() -> None:
        nonlocal now
        await archive.write([original(1, raw())])
        now = 59.0
        await archive.check()
        assert [path.suffix for path in (tmp_path / "old").iterdir()] == [OPEN]
        now = 61.0
        await archive.check()

    asyncio.run(age())
    assert [path.suffix for path in (tmp_path / "old").iterdir()] == [".gz"], "without another record"
    value = metrics.registry.get_sample_value
    assert value("rasd_archive_files_total") == 1
    assert value("rasd_archive_bytes_total") == sum(path.stat().st_size for path in (tmp_path / "old").iterdir())
    assert value("rasd_archive_disk_free_bytes")


def fail(monkeypatch: pytest.MonkeyPatch, name: str, when: Callable[[int], bool]) -> None:
    """Make a function of `os` fail at some of its calls, as on a full or broken disk."""
    calls = 0
    function = getattr(os, name)

    def failing(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if when(calls):
            if name == "write":
                function(arguments[0], bytes(arguments[1])[:100])  # a full disk takes a part
            raise OSError(28, "No space left on device")
        return function(*arguments)

    monkeypatch.setattr(os, name, failing)


@pytest.mark.parametrize("name", ["write", "fsync", "ftruncate"])
def test_a_batch_that_fails_is_written_again_whole_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    files = writer(tmp_path)
    files.append([original(1, raw(1))])
    batch = [original(number, raw(number)) for number in (2, 3, 4)]
    with monkeypatch.context() as broken:
        fail(broken, "write" if name == "ftruncate" else name, lambda call: call == (1 if name == "fsync" else 2))
        if name == "ftruncate":
            fail(broken, "ftruncate", lambda _: True)
        with pytest.raises(Retryable, match="No space left"):
            files.append(batch)
    files.append(batch)
    files.finish()
    repair(tmp_path)
    assert list(tmp_path.glob(f"*{OPEN}")) == []
    assert sorted(json.loads(data)["url"][-1] for data in read_back(*sorted(tmp_path.iterdir()))) == [
        "1",
        "2",
        "3",
        "4",
    ]


def test_a_disk_that_is_full_for_long_is_not_filled_with_empty_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = writer(tmp_path)
    with monkeypatch.context() as broken:
        fail(broken, "write", lambda _: True)
        for _ in range(5):
            with pytest.raises(Retryable):
                files.append([original(1, raw())])
    assert list(tmp_path.iterdir()) == []
    files.append([original(1, raw())])
    files.finish()
    assert len(read_back(tmp_path)) == 1


def test_a_file_is_cut_behind_its_last_whole_member_wherever_it_ends(tmp_path: Path) -> None:
    path = write(tmp_path, original(1, raw(1)), original(2, raw(2)))
    data = path.read_bytes()
    with path.open("rb") as stream:
        iterator = ArchiveIterator(stream)
        ends = [*[iterator.get_record_offset() for _ in iterator][1:], len(data)]
    cut = tmp_path / "cut"
    for length in range(0, len(data) + 1, 7):
        cut.write_bytes(data[:length])
        assert whole_bytes(cut) == max([end for end in ends if end <= length], default=0)
    cut.write_bytes(data[: ends[2]] + b"\0" * 4096)  # blocks that never reached the disk
    assert whole_bytes(cut) == ends[2]
    cut.write_bytes(data)
    assert whole_bytes(cut) == len(data)


def test_damage_is_reported_and_what_is_whole_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, original(1, raw(1)), original(2, raw(2)))
    data = path.read_bytes()
    path.write_bytes(data[:-40])
    items = list(read([str(path)]))
    assert items[0].raw is not None
    page, damage = [item.failure for item in items if item.failure is not None]
    assert page.reason is damage.reason is Reason.BAD_ENCODING
    assert f"of {len(data) - 40} bytes are whole" in damage.detail
    # Pages that were changed in their members: the checksums of gzip are right, the digests are not.
    with path.open("wb") as changed:
        for member in gzip_members(data):
            changed.write(gzip.compress(gzip.decompress(member).replace("أول سفينة".encode(), "أول طائرة".encode())))
    items = list(read([str(path)]))
    assert [item.failure.reason for item in items if item.failure is not None] == [Reason.BAD_ENCODING] * 2


def gzip_members(data: bytes) -> list[bytes]:
    starts = [at for at in range(len(data)) if data[at : at + 4] == b"\x1f\x8b\x08\x00"]
    return [data[begin:end] for begin, end in zip(starts, [*starts[1:], len(data)], strict=True)]


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from streams.archive.files import ArchiveFiles
from streams.stage import Original
files = ArchiveFiles(Path(sys.argv[1]), "rasd", 40_000, 3600)
acknowledged = open(sys.argv[2], "a", buffering=1)
number = 0
while True:
    batch = range(number, number + 7)
    page = b'{"url": "https://almina.example.com/%d", "source": "s", "content": "' + b"x" * 5000 + b'"}'
    files.append([Original("articles.raw", 0, n, 1.5, None, page % n) for n in batch])
    number += 7
    acknowledged.write("%d\\n" % number)
"""


def _stops_while_writing(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Stop a process; let it go on if it has just closed a file and not yet begun the next."""
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    if list(folder.glob(f"*{OPEN}")):
        return True
    process.send_signal(signal.SIGCONT)
    return False


def test_kill_9_leaves_valid_files_with_everything_that_was_acknowledged(tmp_path: Path) -> None:
    folder, log = tmp_path / "archive", tmp_path / "acknowledged"
    folder.mkdir()
    log.touch()
    process = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(folder), str(log)])
    try:
        wait_until(lambda: len(log.read_text().splitlines()) > 25, 60)
        assert repair(folder) == [], "a file that is being written is left alone"
        wait_until(lambda: _stops_while_writing(process, folder), 60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    (left,) = folder.glob(f"*{OPEN}")
    with left.open("ab") as file:  # the last block of a member that was being written
        file.write(gzip.compress(b"WARC/1.1\r\n" * 100)[:-9])
    acknowledged = int(log.read_text().split()[-1])
    assert repair(folder) == [left.with_suffix("")]
    for path in folder.iterdir():
        assert path.suffix == ".gz"
        assert whole_bytes(path) == path.stat().st_size
        records(path)
    urls = {json.loads(data)["url"] for data in read_back(folder)}
    assert {f"https://almina.example.com/{number}" for number in range(acknowledged)} <= urls


class Surroundings:
    """The context of a tap."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()


def test_the_tap_needs_a_folder_that_can_be_used(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="needs a folder") as refused:
        build(Surroundings(Settings(_env_file=None)))  # type: ignore[arg-type]
    assert refused.value.hint == "RASD_ARCHIVE_DIR"
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=r"Not a directory|File exists"):
        build(Surroundings(Settings(_env_file=None, archive_dir=tmp_path / "file")))  # type: ignore[arg-type]


def test_the_tap_finishes_what_another_left_and_its_own_file_when_it_stops(tmp_path: Path) -> None:
    left = writer(tmp_path)
    left.append([original(1, raw(1))])
    left._abandon()  # its process is gone
    archive = build(Surroundings(Settings(_env_file=None, archive_dir=tmp_path)))  # type: ignore[arg-type]
    assert [path.suffix for path in tmp_path.iterdir()] == [".gz"]
    assert asyncio.run(archive.write([original(2, raw(2))])) == [None]
    asyncio.run(archive.close())
    assert sorted(json.loads(data)["url"][-1] for data in read_back(tmp_path)) == ["1", "2"]
    tmp_path.rename(tmp_path.with_name("moved"))
    with pytest.raises(Retryable, match="No such file"):
        asyncio.run(archive.check())
