"""What is read from feeds, sitemaps, section pages and channels."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from streams.sources.watch.directory import Kind
from streams.sources.watch.readers import Listing, UnreadableListError, read_listing

BASE = "https://jisr.example/rss/all.xml"


def feed(data: str | bytes, **headers: str) -> Listing:
    return read_listing(Kind.FEED, data.encode() if isinstance(data, str) else data, BASE, headers)


def test_rss() -> None:
    found = feed(
        """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
        xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>الجسر</title><link>https://jisr.example/</link>
        <language>ar</language><ttl>15</ttl><skipHours><hour>0</hour><hour>3</hour></skipHours>
        <atom:link rel="hub" href="https://hub.example/"/>
        <item><title>افتتاح &quot;الجسر&quot;</title><link>/news/1#comments</link><guid isPermaLink="false">n-1</guid>
        <pubDate>Sun, 01 Mar 2026 14:00:00 +0300</pubDate><category>محليات</category>
        <description>ملخص</description><content:encoded><![CDATA[<p>النص كاملا</p>]]></content:encoded>
        <enclosure url="https://jisr.example/1.jpg" type="image/jpeg" length="1"/></item></channel></rss>"""
    )
    assert (found.title, found.language, found.site) == ("الجسر", "ar", "https://jisr.example/")
    assert found.wait == timedelta(minutes=15)
    assert found.skip_hours == {0, 3}
    assert found.hub == "https://hub.example/"
    (entry,) = found.entries
    assert entry.url == "https://jisr.example/news/1"
    assert entry.guid == "n-1"
    assert entry.title == 'افتتاح "الجسر"'
    assert entry.published == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert entry.text == "<p>النص كاملا</p>"
    assert entry.summary == "ملخص"
    assert entry.extra["categories"] == ["محليات"]
    assert entry.extra["enclosures"] == [{"url": "https://jisr.example/1.jpg", "type": "image/jpeg"}]


def test_atom_and_rdf() -> None:
    atom = feed(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar"><title>الجسر</title><id>urn:x</id>
        <entry><title>عنوان</title><link href="../news/2"/><id>urn:2</id><updated>2026-03-01T10:00:00Z</updated>
        </entry></feed>"""
    )
    assert [entry.url for entry in atom.entries] == ["https://jisr.example/news/2"]
    assert atom.entries[0].published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    rdf = feed(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel rdf:about="x"><title>الجسر</title>
        <sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel>
        <item rdf:about="y"><title>عنوان</title><link>https://jisr.example/news/3</link></item></rdf:RDF>"""
    )
    assert [entry.url for entry in rdf.entries] == ["https://jisr.example/news/3"]
    assert rdf.wait == timedelta(minutes=30)


def test_json_feed() -> None:
    items = [
        {
            "id": 7,
            "url": "/news/7",
            "title": "عنوان",
            "content_html": "<p>نص</p>",
            "date_published": "2026-03-01T13:00:00+03:00",
        },
        {"id": "8", "external_url": "https://other.example/8", "authors": [{"name": "سعاد عبد الله"}, {"url": "x"}]},
        {"id": "9"},
        "junk",
    ]
    found = feed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "الجسر", "items": items}))
    assert [entry.url for entry in found.entries] == ["https://jisr.example/news/7", "https://other.example/8"]
    assert found.entries[0].guid == "7"
    assert found.entries[0].published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found.entries[1].author == "سعاد عبد الله"


def test_windows_1256_with_and_without_a_word_about_it() -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1256"?><rss version="2.0"><channel><title>الجسر</title>'
        "<item><title>افتتاح الجسر</title><link>https://jisr.example/1</link></item></channel></rss>"
    )
    assert feed(text.encode("cp1256")).entries[0].title == "افتتاح الجسر"
    without = text.replace(' encoding="windows-1256"', "").encode("cp1256")
    assert feed(without, **{"Content-Type": "text/xml; charset=windows-1256"}).entries[0].title == "افتتاح الجسر"
    assert feed(without).entries[0].title == "افتتاح الجسر"
    assert feed(text.encode()).entries[0].title == "افتتاح الجسر", "the declaration is wrong"


@pytest.mark.parametrize(
    "item",
    [
        "<item><title>بلا رابط</title></item>",
        "<item><title>رابط غير صالح</title><link>javascript:alert(1)</link></item>",
        "<item><title>قوس</title><link>http://[bad/1</link></item>",
    ],
)
def test_items_without_an_address_are_left_out(item: str) -> None:
    good = "<item><title>سليم</title><link>https://jisr.example/1</link></item>"
    found = feed(f"<rss version='2.0'><channel><title>x</title>{item}{good}</channel></rss>")
    assert [entry.title for entry in found.entries] == ["سليم"]


def test_a_guid_that_is_an_address_stands_in_for_the_link() -> None:
    found = feed(
        "<rss version='2.0'><channel><title>x</title><item><title>عنوان</title>"
        "<guid>https://jisr.example/5</guid></item></channel></rss>"
    )
    assert found.entries[0].url == "https://jisr.example/5"


def test_broken_xml_gives_what_can_be_read() -> None:
    found = feed(
        "\n\n<?xml version='1.0'?><rss version='2.0'><channel><title>أخبار & علوم</title>"
        "<item><title>افتتاح & إغلاق</title><link>https://jisr.example/1</link></item>"
        "<item><title>مقطوع</title><link>https://jisr.example/2</link>"
    )
    assert [entry.url for entry in found.entries][:1] == ["https://jisr.example/1"]


def test_an_arabic_date_is_kept_as_printed() -> None:
    found = feed(
        "<rss version='2.0'><channel><title>x</title><item><title>عنوان</title><link>https://jisr.example/1</link>"
        "<pubDate>الأحد، 1 مارس 2026</pubDate></item></channel></rss>"
    )
    assert found.entries[0].published is None
    assert found.entries[0].extra["published"] == "الأحد، 1 مارس 2026"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.FEED, b"<!doctype html><html><body><h1>403</h1></body></html>"),
        (Kind.FEED, b""),
        (Kind.FEED, b'{"items": 3}'),
        (Kind.FEED, b'{"items": ['),
        (Kind.SITEMAP, b"<html><body>no</body></html>"),
        (Kind.SITEMAP, b"\x1f\x8bnot gzip"),
        (Kind.SITEMAP, b""),
        (Kind.PAGE, "<html><body><a href='/about'>من نحن</a></body></html>".encode()),
        (Kind.TELEGRAM, b"<html><body>Telegram</body></html>"),
    ],
)
def test_what_is_no_list_is_said(kind: Kind, data: bytes) -> None:
    with pytest.raises(UnreadableListError):
        read_listing(kind, data, BASE, {})


def test_a_news_sitemap_without_its_pictures() -> None:
    data = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <url><image:image><image:loc>https://jisr.example/1.jpg</image:loc><image:title>صورة</image:title></image:image>
      <loc>https://jisr.example/news/1</loc><news:news><news:publication_date>2026-03-01T14:00+03:00</news:publication_date>
      <news:title>افتتاح الجسر</news:title></news:news></url></urlset>"""
    for packed in (data.encode(), gzip.compress(data.encode())):
        (entry,) = read_listing(Kind.SITEMAP, packed, BASE, {}).entries
        assert (entry.url, entry.title) == ("https://jisr.example/news/1", "افتتاح الجسر")
        assert entry.published == datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_an_index_names_its_newest_parts() -> None:
    parts = "".join(
        f"<sitemap><loc>https://jisr.example/s{n}.xml</loc><lastmod>2026-0{n}-01</lastmod></sitemap>"
        for n in range(1, 8)
    )
    data = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</sitemapindex>'
    found = read_listing(Kind.SITEMAP, data.encode(), BASE, {})
    assert found.lists == tuple(f"https://jisr.example/s{n}.xml" for n in (7, 6, 5, 4))


def test_a_sitemap_does_not_expand_entities() -> None:
    data = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>
    <urlset><url><loc>https://jisr.example/&a;1</loc></url></urlset>"""
    found = read_listing(Kind.SITEMAP, data, BASE, {})
    assert all("\n" not in entry.url and entry.url.startswith("https://jisr.example/") for entry in found.entries)


PAGE = """<html lang="ar"><head><title>محليات</title></head><body>
<nav><a href="/section/local">أخبار محلية من كل المناطق والمدن</a><a href="/about-us-and-our-team">من نحن</a></nav>
<a href="/news/20260301">افتتاح الجسر الجديد في وسط المدينة</a>
<a href="/news/20260301"><img src="x"></a>
<a href="/news/20260302-iftitah-almaktaba-aljadida">افتتاح المكتبة العامة بعد ترميمها</a>
<a href="https://elsewhere.example/2026/3/1/story">خبر من موقع آخر لا يخصنا اليوم</a>
<a href="/tags/20260301">أخبار الجسور والطرق في البلاد كلها</a></body></html>"""


def test_a_section_page() -> None:
    found = read_listing(Kind.PAGE, PAGE.encode(), "https://jisr.example/local", {})
    assert {entry.url: entry.title for entry in found.entries} == {
        "https://jisr.example/news/20260301": "افتتاح الجسر الجديد في وسط المدينة",
        "https://jisr.example/news/20260302-iftitah-almaktaba-aljadida": "افتتاح المكتبة العامة بعد ترميمها",
    }
    assert found.language == "ar"
    matched = read_listing(Kind.PAGE, PAGE.encode(), "https://jisr.example/local", {}, r"/section/\w+")
    assert [entry.url for entry in matched.entries] == ["https://jisr.example/section/local"]


def test_a_channel() -> None:
    data = """<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">قناة الجسر</div></div>
    <div class="tgme_widget_message" data-post="jisr/41"><div class="tgme_widget_message_text">عاجل: افتتاح الجسر</div>
    <time datetime="2026-03-01T09:00:00+00:00"></time></div>
    <div class="tgme_widget_message" data-post="jisr/42"><a class="tgme_widget_message_photo_wrap"></a></div>"""
    found = read_listing(Kind.TELEGRAM, data.encode(), "https://t.me/s/jisr", {})
    (entry,) = found.entries
    assert (entry.url, entry.guid) == ("https://t.me/jisr/41", "telegram:jisr/41")
    assert entry.text is not None and "عاجل: افتتاح الجسر" in entry.text
    assert entry.published == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.title == "قناة الجسر"


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("الأحد، ١ مارس ٢٠٢٦ - ٢:٠٥ م +0300", datetime(2026, 3, 1, 11, 5, tzinfo=UTC)),
        ("01 آذار 2026 14:05:30", datetime(2026, 3, 1, 14, 5, 30, tzinfo=UTC)),
        ("كانون الثاني 2026", None),
        ("15 كانون الثاني 2026 09:00 GMT+02:00", datetime(2026, 1, 15, 7, tzinfo=UTC)),
        ("3 تشرين الأوّل، 2026 12:30 ص", datetime(2026, 10, 3, 0, 30, tzinfo=UTC)),
        ("3 فيفري 2026 12:30 مساءً", datetime(2026, 2, 3, 12, 30, tzinfo=UTC)),
        ("08:15 - 9 غشت 2026", datetime(2026, 8, 9, 8, 15, tzinfo=UTC)),
        ("۵ يونيو ۲۰۲۶ ۱۰:۰۰", datetime(2026, 6, 5, 10, tzinfo=UTC)),
        ("31 فبراير 2026 10:00", None),
        ("1 مارس 2026", None),
        ("10:00", None),
        ("", None),
    ],
)
def test_dates_with_arabic_months(printed: str, moment: datetime | None) -> None:
    item = f"<item><title>عنوان</title><link>/1</link><pubDate>{printed}</pubDate></item>"
    (entry,) = feed(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>").entries
    assert entry.published == moment


def test_a_channel_whose_form_changed_is_no_empty_channel() -> None:
    head = '<div class="tgme_channel_info">الجسر</div>'
    assert read_listing(Kind.TELEGRAM, head.encode(), "https://t.me/s/jisr", {}).entries == ()
    changed = f'{head}<article><a href="https://t.me/jisr/512">١٢:٠٠</a><p>نص</p></article>'
    with pytest.raises(UnreadableListError, match="form"):
        read_listing(Kind.TELEGRAM, changed.encode(), "https://t.me/s/jisr", {})


def test_a_sitemap_with_broken_names_is_read() -> None:
    data = b"<urlset><url><loc>/1</loc></url><updated\x022026/><x:y><url><loc>/2</loc></url></urlset>"
    found = read_listing(Kind.SITEMAP, data, "https://jisr.example/map.xml", {})
    assert [entry.url for entry in found.entries] == ["https://jisr.example/1", "https://jisr.example/2"]
