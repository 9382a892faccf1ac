"""Fingerprints: what counts as the same text, and that their values never drift unnoticed."""

from __future__ import annotations

import hashlib
import json
import math
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dedupe.build.stock_phrases import build
from agents.dedupe.compare import Features
from agents.dedupe.fingerprint import FingerprintConfig, body_words, fingerprint, url_family
from agents.dedupe.stock_phrases import TABLE, run_hashes, stock_phrases, without_stock_phrases, word_runs
from tests.unit.dedupe.conftest import make_article, random_words

CONFIG = FingerprintConfig()
BODY = (
    "افتتح المرصد صباح اليوم معرضا للخرائط القديمة، وضم المعرض 1,250 خريطة رسمها بحارة الخليج قبل قرنين من الزمان. " * 2
)


def of(body: str, **fields: str) -> dict[str, object]:
    return fingerprint(make_article("a", body, **fields), CONFIG).model_dump()  # type: ignore[arg-type]


def test_values_are_pinned() -> None:
    """Any change (rensa's hashes, normalising, the table) makes stored states useless: raise `algorithm`."""
    # The hour comes from the article's times. A stored state may lack it, and the details after the quarters.
    values = {name: value for name, value in of(BODY).items() if name != "hour"}
    hashes = len(b64decode(str(values["sketch"]))) // 2
    values["quarters"] = b64encode(b64decode(str(values["quarters"]))[: math.ceil(hashes / 4)]).decode()
    assert hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16] == "f29cd5ba4467a6f7"


@pytest.mark.parametrize(
    "variant",
    [
        BODY.replace("،", "").replace(".", " !"),
        BODY.replace("القديمة", "القَديمَة"),
        BODY.replace("افتتح", "أفتتح").replace("الخليج", "الخـليج"),
        BODY.replace("1,250", "١٬٢٥٠"),
        BODY.replace("1,250", "1250").replace(" ", "\n", 3),
    ],
)
def test_spelling_and_signs_do_not_count(variant: str) -> None:
    assert variant != BODY
    assert of(variant) == of(BODY)


def test_another_word_counts() -> None:
    assert of(BODY.replace("صباح", "مساء"))["exact"] != of(BODY)["exact"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("439.491 و439,491", ["439491", "و", "439491"]),
        ("عام 1436ه", ["عام", "1436", "ه"]),
        ("ال17 بنسبة 8ر7", ["ال", "17", "بنسبه", "87"]),
        ("…«»!", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert body_words(text) == words


def test_a_number_turned_round_is_the_same_number() -> None:
    there, back = of(BODY + "54.63"), of(BODY + "63ر54")
    assert there["numbers"] == back["numbers"] != of(BODY)["numbers"]


def test_the_headline_distinguishes_captions() -> None:
    captions = [of("الأمير والوزير", title=title) for title in ("افتتاح الجسر", "تكريم الفائزين")]
    assert captions[0]["exact"] != captions[1]["exact"]


def test_a_headline_does_not_count_beside_a_body() -> None:
    assert of(BODY, title="معرض للخرائط") == of(BODY, title="خرائط البحارة تعود")


def test_weekdays() -> None:
    assert of(BODY + " مساء السبت ويوم الجمعة")["weekdays"] == 0b1000001
    assert of(BODY + " مساء السبت وتقام صلاة الجمعة")["weekdays"] == 0b1


def test_this_day_is_the_day_of_the_article() -> None:
    forecast = "توقعت الأرصاد في تقريرها عن حالة الطقس لهذا اليوم سماء غائمة جزئيا"
    came = make_article("a", forecast)
    assert came.ingested_at.strftime("%A") == "Sunday"
    printed = came.model_copy(update={"published_at": came.ingested_at - timedelta(days=1)})
    assert fingerprint(came, CONFIG).weekdays == 0b10
    assert fingerprint(printed, CONFIG).weekdays == 0b1
    assert of(forecast + " ويوم الجمعة")["weekdays"] == 0b1000010
    assert of("قال اليوم إن لهذا المعرض زوارا كثيرين جاؤوا من مدن بعيدة")["weekdays"] == 0


def test_the_hour_is_the_one_of_the_most_telling_time() -> None:
    came = make_article("a", BODY)
    fetched = came.model_copy(update={"fetched_at": came.ingested_at - timedelta(hours=5)})
    printed = fetched.model_copy(update={"published_at": came.ingested_at - timedelta(hours=30)})
    hours = [fingerprint(article, CONFIG).hour for article in (came, fetched, printed)]
    now = int(came.ingested_at.timestamp() // 3600)
    assert hours == [now, now - 5, now - 30]


def test_a_long_text_keeps_a_bounded_sketch() -> None:
    made = fingerprint(make_article("a", " ".join(random_words(1, 5000))), CONFIG)
    assert made.runs > 3000
    assert len(b64decode(made.sketch)) == 2 * CONFIG.sketch_size
    assert len(made.model_dump_json()) < 1400


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_any_text_has_a_fingerprint(body: str) -> None:
    assert of(body) == of(body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.example.org/news/2026/03/al-jisr-712345.html", "http://m.example.org/712345/amp"),
        (
            "https://example.org/View.aspx?ArticleID=230847&CategoryID=2",
            "https://example.org/View.aspx?ArticleID=230847",
        ),
        ("https://example.org/news/al-jisr/", "https://example.org/news/al-jisr?utm_source=x#top"),
    ],
)
def test_addresses_of_one_story(one: str, other: str) -> None:
    assert url_family(one) == url_family(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/20260301/al-jisr", "https://example.org/20260301/al-matar"),
        ("https://example.org/view?page=3", "https://example.org/view?page=4"),
        ("https://example.org/712345", "https://example.net/712345"),
    ],
)
def test_addresses_of_two_stories(one: str, other: str) -> None:
    assert url_family(one) != url_family(other)


def test_a_stock_phrase_is_what_many_days_print() -> None:
    """A phrase of one day, however often, is a story; one of many days is a stock phrase."""
    phrase, story = ["ختم", "الحفل", "بتوزيع", "الجوائز"], ["انهار", "جسر", "الوادي"]
    days = [[random_words(day, 30) + phrase, random_words(day + 50, 30)] for day in range(5)]
    days[0].extend(random_words(90 + n, 30) + story for n in range(20))
    table = build(days, (2, 3), 0.6)
    known = frozenset(int.from_bytes(table[at : at + 5], "little") for at in range(0, len(table), 5))
    assert not without_stock_phrases(run_hashes(word_runs(phrase, 2)), known)
    assert len(without_stock_phrases(run_hashes(word_runs(story, 2)), known)) == 2


def test_the_shipped_table_knows_the_press() -> None:
    assert not without_stock_phrases(
        run_hashes(word_runs(body_words("خادم الحرمين الشريفين"), 2)), stock_phrases(TABLE)
    )


def test_names_do_not_depend_on_clitics_and_counts_are_numbers_in_words() -> None:
    one = Features(fingerprint(make_article("a", "زار محمود بغداد وتونس ثلاث مرات"), CONFIG))
    other = Features(fingerprint(make_article("b", "وصل إلى تونس محمود من بغداد وعشرين مرة"), CONFIG))
    assert one.names == other.names and len(one.names) == 3
    # Bits from the lowest on: 3 to 9, then 20 to 90.
    assert (one.figures, other.figures) == (frozenset({-1}), frozenset({-8}))
    assert not Features(fingerprint(make_article("c", "قال إنه سيأتي غدا"), CONFIG)).names
