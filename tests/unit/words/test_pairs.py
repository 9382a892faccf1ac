"""Names and months printed as one word or as two, and spellings of one name: text and query meet."""

import pytest

from streams.records import Article
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from streams.words.pairs import month_family, pair_families
from tests.support.articles import article


def _finds(q: str, text: str) -> bool:
    found: Article = article(title=None, body=text)
    return LiveMatcher(Filters(q=q)).matches(ArticleText(found))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("عبدالرحمن", "عبد الرحمن"),
        ("أبوظبي", "أبو ظبي"),
        ("عبدربه", "عبد ربه"),
        ("نيويورك", "نيو يورك"),
        ("وبنيويورك", "نيو يورك"),
        ("فيسبوك", "فيس بوك"),
        ("يناير", "كانون الثاني"),
        ("مايو", "أيار"),
        ("أغسطس", "آب"),
        ("ويوليو", "تموز"),
        ("غوغل", "جوجل"),
        ("سنغافورة", "سنجافورة"),
        ("الفرنسيتان", "فرنسية"),
        ("مباديء", "مبادئ"),
        ("الأقاليم", "إقليم"),
    ],
)
def test_what_is_printed_in_two_ways_meets(one: str, other: str) -> None:
    assert _finds(other, f"قيل {one} أمس")
    assert _finds(one, f"قيل {other} أمس")


@pytest.mark.parametrize(
    ("text", "q"),
    [("فاز السودان", "سودان"), ("سعد الحريري", "حريري"), ("جزر البحرين", "بحرين"), ("علي الشرقاوي", "شرقاوي")],
)
def test_a_name_is_found_without_its_article(text: str, q: str) -> None:
    assert _finds(q, text)


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("أب وابنه", "أغسطس"),  # a father is no August
        ("ألف يوم", "الفيوم"),
        ("من صور", "منصور"),
        ("الرياض", "رياض"),
        ("حماة الوطن", "حماية"),
        ("ولاة الأمر", "ولاية"),
        ("مياه البحر", "بحرين"),
        ("شيء", "شاء"),
    ],
)
def test_others_stay_apart(text: str, q: str) -> None:
    assert not _finds(q, text)


def test_a_phrase_still_needs_its_words_as_printed() -> None:
    assert _finds('"نيو يورك تايمز"', "قالت نيو يورك تايمز")
    assert not _finds('"نيو يورك"', "قالت نيويورك تايمز")
    assert not _finds('"كانون الثاني"', "في يناير")


def test_the_parts_of_a_pair_are_still_words() -> None:
    assert _finds("يورك", "سافر إلى نيو يورك")
    assert Filters(q="زار عبد الرحمن نيو يورك").parsed().words == ("زار", "عبد الرحمن", "نيو يورك")
    assert Filters(q="عبد -نيو الرحمن و يورك").wanted().required


def test_families_of_pairs_and_months() -> None:
    assert month_family(("بيناير", "~يناير")) == "^1"
    assert month_family(("يوم",)) is None
    assert pair_families(("وكانون", "~كانون"), "الاول") == ("^12",)
    assert pair_families(("الف",), "يوم") == ()
