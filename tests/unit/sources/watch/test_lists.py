"""The directory as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import OperatorError
from streams.sources.watch.directory import Kind, Text, WatchedSource, name_of
from streams.sources.watch.lists import read_list, write_opml, write_toml

SOURCES = [
    WatchedSource(
        name="jisr",
        url="https://jisr.example/rss?a=1&b=2",
        kind=Kind.FEED,
        outlet='صحيفة "الجسر"',
        text=Text.FEED,
        collections=("الخليج", "يومية"),
        country="SA",
        language="ar",
        interval=120,
    ),
    WatchedSource(name="nahr", url="https://nahr.example/map.xml", kind=Kind.SITEMAP, outlet="النهر", paused=True),
    WatchedSource(name="bahr", url="https://bahr.example/", kind=Kind.PAGE, outlet="البحر", links=r"/\d+\.html$"),
]


def test_toml_brings_everything_back(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(write_toml(SOURCES))
    assert read_list(file) == SOURCES


def test_opml_brings_feeds_and_folders_back(tmp_path: Path) -> None:
    file = tmp_path / "sources.opml"
    file.write_bytes(write_opml(SOURCES))
    (found,) = read_list(file)
    assert (found.url, found.outlet, found.collections) == (SOURCES[0].url, SOURCES[0].outlet, ("الخليج",))
    assert found.language == "ar"


def test_opml_of_another_program(tmp_path: Path) -> None:
    file = tmp_path / "reader.opml"
    file.write_text(
        """<?xml version="1.0"?><opml version="1.0"><body><outline text="أخبار"><outline title="مصر">
        <outline text="الجسر" xmlUrl="https://jisr.example/rss"/><outline text="الجسر ٢" xmlUrl="https://jisr.example/rss/"/>
        </outline></outline><outline text="بلا عنوان"/></body></opml>"""
    )
    found = read_list(file)
    assert [source.name for source in found] == ["jisr.example-rss", "jisr.example-rss-2"]
    assert found[0].collections == ("أخبار", "مصر")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("x.toml", "[[source]]\nurl = 'https://a.example/'\n", "source 1: kind"),
        ("x.toml", "[[source]]\nurl = 'nothing'\nkind='feed'\noutlet='x'", "source 1: url"),
        ("x.toml", "[[source]\n", "line 1"),
        ("x.toml", "a = 1", "no list of sources"),
        ("x.json", "[{}]", "source 1: name"),
        ("x.json", "[1]", "source 1: "),
        ("x.opml", "<html/>", "not an OPML file"),
        ("x.opml", "", ""),
        ("x.txt", "", "unknown file type"),
    ],
)
def test_faults_name_the_entry(tmp_path: Path, name: str, text: str, fault: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(OperatorError) as caught:
        read_list(file)
    assert fault in caught.value.message
    assert str(file) in caught.value.message


def test_names_of_addresses() -> None:
    assert name_of("https://www.jisr.example/") == "jisr.example"
    assert name_of("https://feeds.jisr.example/rss/Politics.xml") == "jisr.example-rss-politics"
    assert name_of("https://jisr.example/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1").startswith("jisr.example-")
    assert len(name_of("https://jisr.example/" + "a" * 500)) == 100
