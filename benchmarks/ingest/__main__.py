"""Measure how fast files of each format are read, and whether memory grows with the file.

`python -m benchmarks.ingest [--records 1000] [--times 10]` writes files of invented articles, one of `records` and one
of `records * times`, reads each in a process of its own, and prints records and megabytes (of the records) a second and
the peak memory of both processes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from backports import zstd
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from streams.sources.files import read_paths

_LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


def articles(count: int) -> Iterator[dict[str, str]]:
    """Yield articles of 20 paragraphs of 40 invented words each."""
    numbers = random.Random(7)
    words = ["".join(numbers.choices(_LETTERS, k=numbers.randint(2, 8))) for _ in range(8000)]
    for number in range(count):
        text = "\n".join(" ".join(numbers.choices(words, k=40)) for _ in range(20))
        yield {
            "url": f"https://almina.example/{number}",
            "title": " ".join(numbers.choices(words, k=8)),
            "maintext": text,
            "date_publish": "2024-03-05 10:30:00",
            "source_domain": "almina.example",
        }


def page(article: dict[str, str]) -> bytes:
    """Return an article as a page of about 20 KB."""
    paragraphs = "".join(f"<p>{line}</p>" for line in article["maintext"].split("\n"))
    head = f'<meta charset="utf-8"><link rel="canonical" href="{article["url"]}"><title>{article["title"]}</title>'
    menu = "".join(f'<li><a href="/section/{number}">قسم {number}</a></li>' for number in range(100))
    return f"<!DOCTYPE html><html><head>{head}</head><body><ul>{menu}</ul>{paragraphs}</body></html>".encode()


def _jsonl(path: Path, count: int) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for article in articles(count):
            file.write(json.dumps(article, ensure_ascii=False).encode() + b"\n")


def _array(path: Path, count: int) -> None:
    with zstd.open(path, "wb") as file:
        file.write(b"[")
        for number, article in enumerate(articles(count)):
            file.write((b"," if number else b"") + json.dumps(article, ensure_ascii=False).encode())
        file.write(b"]")


def _warc(path: Path, count: int) -> None:
    headers = [("Content-Type", "text/html; charset=utf-8")]
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for article in articles(count):
            http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
            payload = io.BytesIO(page(article))
            writer.write_record(
                writer.create_warc_record(article["url"], "response", payload=payload, http_headers=http)
            )


def _csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["url", "title", "maintext", "date_publish", "source_domain"])
        table.writeheader()
        table.writerows(articles(count))


def _tar(path: Path, count: int) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for number, article in enumerate(articles(count)):
            info = tarfile.TarInfo(f"{number}.html")
            data = page(article)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _zip(path: Path, count: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, article in enumerate(articles(count)):
            archive.writestr(f"{number}.html", page(article))


def _telegram(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('{"name": "المينا", "type": "public_channel", "id": 1, "messages": [\n')
        for number, article in enumerate(articles(count)):
            message = {"id": number, "type": "message", "date_unixtime": "1709623800", "text": article["maintext"]}
            file.write((",\n" if number else "") + json.dumps(message, ensure_ascii=False))
        file.write("]}")


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "news.jsonl.gz": _jsonl,
    "news.json.zst": _array,
    "crawl.warc.gz": _warc,
    "table.csv": _csv,
    "pages.tar.gz": _tar,
    "pages.zip": _zip,
    "result.json": _telegram,
}


def measure(path: Path) -> dict[str, float]:
    """Read a file; return its records, their bytes, the seconds, and the peak memory of the process in MiB."""
    started = time.perf_counter()
    records = size = 0
    for item in read_paths([path]):
        assert item.raw is not None, item
        records += 1
        size += len(item.data)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"records": records, "bytes": size, "seconds": seconds, "peak": peak}


def main() -> None:
    """Run the benchmark, or one measurement of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read is not None:
        print(json.dumps(measure(arguments.read)))
        return
    print(
        f"{'file':15} {'records':>8} {'records/s':>10} {'MB/s':>6} {'peak MiB':>9} {'of 1/' + str(arguments.times):>9}"
    )
    for name, write in WRITERS.items():
        peaks = []
        for count in (arguments.records, arguments.records * arguments.times):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                write(path, count)
                command = [sys.executable, "-m", "benchmarks.ingest", "--read", str(path)]
                found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            assert found["records"] == count, found
            peaks.append(found["peak"])
        rate, volume = found["records"] / found["seconds"], found["bytes"] / found["seconds"] / 1e6
        print(f"{name:15} {count:8,} {rate:10,.0f} {volume:6.0f} {peaks[1]:9.0f} {peaks[0]:9.0f}", flush=True)


if __name__ == "__main__":
    main()
