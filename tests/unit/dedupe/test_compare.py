"""The verdict on two texts, by what they share."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode

import pytest

from agents.dedupe.compare import CompareConfig, Features, Match, compare, joins, overlap
from tests.unit.dedupe.conftest import Maker, random_words

CONFIG = CompareConfig()
STORY = random_words(7, 200)


def verdict(make: Maker, one: str, other: str, **fields: str) -> Match | None:
    a, b = (Features(make(name, body, **fields).fingerprint) for name, body in (("a", one), ("b", other)))
    forth, back = compare(a, b, CONFIG), compare(b, a, CONFIG)
    assert forth == back
    return forth


def edited(share: float) -> list[str]:
    """The story with every so-manieth word replaced."""
    other = random_words(8, len(STORY))
    step = round(1 / share)
    return [new if at % step == 0 else old for at, (old, new) in enumerate(zip(STORY, other, strict=True))]


def test_equal_texts(make: Maker) -> None:
    assert verdict(make, " ".join(STORY), "، ".join(STORY)) == Match("exact", 1.0)


def test_an_edited_copy(make: Maker) -> None:
    match = verdict(make, " ".join(STORY), " ".join(edited(0.1)))
    assert match is not None
    assert match.relation == "near"
    assert 0.7 < match.score < 0.9


@pytest.mark.parametrize("words", [40, 90, 150])
def test_a_cut_is_contained(make: Maker, words: int) -> None:
    match = verdict(make, " ".join(STORY), " ".join(STORY[:words]))
    assert match == Match("contains", 0.999)


def test_the_same_address_at_the_same_outlet_is_an_update(make: Maker) -> None:
    match = verdict(make, " ".join(STORY), " ".join(STORY + random_words(9, 60)), url="https://example.org/712345")
    assert match is not None
    assert match.relation == "update"


def test_a_shared_passage_is_no_copy(make: Maker) -> None:
    passage = STORY[:50]
    assert verdict(make, " ".join(passage + random_words(1, 150)), " ".join(passage + random_words(2, 150))) is None


@pytest.mark.parametrize("offset", [0, 60, 120])
def test_a_shared_passage_is_distinguished_from_scattered_edits(make: Maker, offset: int) -> None:
    """Both share a bit more than two fifths; only one of them in every part."""
    passage = random_words(1, offset) + STORY[offset : offset + 85] + random_words(2, 115 - offset)
    scattered = [
        new if at % 7 < 2 else old for at, (old, new) in enumerate(zip(STORY, random_words(3, 200), strict=True))
    ]
    assert verdict(make, " ".join(STORY), " ".join(passage)) is None
    assert verdict(make, " ".join(STORY), " ".join(scattered)) is not None


def test_other_numbers_distinguish_stories_of_one_template(make: Maker) -> None:
    def prices(first: int) -> str:
        return " ".join(f"{word} {first + 7 * at}" if at % 30 == 0 else word for at, word in enumerate(STORY))

    assert verdict(make, prices(1203), prices(5471)) is None
    assert verdict(make, prices(1203), prices(1203) + " " + " ".join(random_words(3, 20))) is not None


def test_numbers_that_a_template_always_prints_do_not_make_two_of_its_stories_copies(make: Maker) -> None:
    """Of six numbers three are the template's own: carats, districts, a telephone."""

    def prices(first: int, words: list[str]) -> str:
        numbers = [18, 21, 24, first, first + 7, first + 14]
        return " ".join(f"{word} {numbers[at // 30]}" if at % 30 == 0 else word for at, word in enumerate(words[:180]))

    assert verdict(make, prices(1203, STORY), prices(1203, edited(0.1))) is not None
    assert verdict(make, prices(1203, STORY), prices(5471, edited(0.1))) is None


def test_other_weekdays_distinguish_stories_of_one_template(make: Maker) -> None:
    body = " ".join(edited(0.17))
    assert verdict(make, " ".join(STORY) + " الخميس", body + " الأحد") is None
    assert verdict(make, " ".join(STORY) + " الخميس", body + " الخميس والأحد") is not None


@pytest.mark.parametrize(
    ("hours", "copy"), [(0, True), (14, True), (17, False), (24, False), (70, False), (None, True)]
)
def test_of_a_text_a_day_older_more_must_stand_in_a_copy(make: Maker, hours: int | None, copy: bool) -> None:
    """It is the next use of a template, or the follow-up of an event. An unknown time does not count against a copy."""
    scattered = [
        new if at % 7 < 4 else old for at, (old, new) in enumerate(zip(STORY, random_words(8, 200), strict=True))
    ]
    one, other = (make(name, " ".join(words)).fingerprint for name, words in (("a", STORY), ("b", scattered)))
    shared = overlap(Features(one), Features(other))
    assert 0.56 < shared.containment + shared.evenness < 0.57
    then = Features(one.model_copy(update={"hour": 400_000}))
    now = Features(other.model_copy(update={"hour": None if hours is None else 400_000 + hours}))
    assert (compare(now, then, CONFIG) is not None) == copy
    assert (compare(then, now, CONFIG) is not None) == copy
    family = then.fingerprint.family  # of one address it is the same story, whenever it was printed
    same = compare(Features(now.fingerprint.model_copy(update={"family": family})), then, CONFIG)
    assert same is not None
    assert same.relation == "update"


def test_a_flash_must_be_nearly_the_same(make: Maker) -> None:
    flash = STORY[:20]
    assert verdict(make, " ".join(flash), " ".join([*flash[:-1], "غدا"])) is not None
    assert verdict(make, " ".join(flash), " ".join(flash[:10] + STORY[50:60])) is None
    assert verdict(make, " ".join([*flash, "12"]), " ".join([*flash, "13"])) is None


def test_a_caption_with_another_name_is_another_caption(make: Maker) -> None:
    """Of a gallery's one line, the word that differs in it and in its headline is the story."""
    one, other = (
        Features(make(name, f"تابع على موقعنا صور العيد في {name}", title=f"العيد في {name}").fingerprint)
        for name in ("صنعاء", "تونس")
    )
    assert overlap(one, other).resemblance > 0.5
    assert compare(one, other, CONFIG) is None


def test_sketches_of_long_texts_still_measure(make: Maker) -> None:
    long = random_words(5, 3000)
    whole, half = (Features(make("a", " ".join(words)).fingerprint) for words in (long, long[:1500]))
    shared = overlap(whole, half)
    assert shared.resemblance == pytest.approx(0.5, abs=0.1)
    assert shared.containment > 0.95
    assert shared.evenness > 0.9


def test_a_text_remembers_what_it_shares_with_a_bounded_number_of_others(make: Maker) -> None:
    prints = [make(f"n{at}", " ".join(STORY[at:] + random_words(at, at))).fingerprint for at in range(100)]
    mine = Features(make("a", " ".join(STORY)).fingerprint)
    fresh = [overlap(Features(mine.fingerprint), Features(other)) for other in prints]
    for _ in range(2):
        assert [overlap(mine, Features(other)) for other in prints] == fresh
    assert len(set(fresh)) > 50
    assert len(mine.overlaps) <= 64


def test_a_member_introduces_only_what_is_akin_to_the_canonical_text(make: Maker) -> None:
    rest = random_words(12, 300)
    canonical, member, near, far = (
        Features(make("x", " ".join(words)).fingerprint)
        for words in (STORY, STORY[60:] + rest[:120], STORY[140:] + rest[:120], rest)
    )
    assert compare(near, canonical, CONFIG) is None
    assert joins(near, canonical, [], CONFIG, met=True) is None
    assert joins(near, canonical, [member], CONFIG, met=True) is not None
    assert joins(far, canonical, [member], CONFIG, met=True) is None


OBITUARY = (
    "انتقل إلى رحمة الله تعالى المرحوم {name} عن عمر ناهز {age} عاما بعد صراع طويل مع المرض، وسيشيع جثمانه بعد صلاة "
    "الظهر من منزل العائلة في {town} إلى المقبرة القديمة. وتقبل التعازي في الديوان ثلاثة أيام من العصر حتى العشاء."
)
QUAKE = (
    "سجل مرصد الزلازل هزة أرضية بقوة {size} درجات عند الساعة {hour} بالتوقيت المحلي على عمق {depth} كيلومترات، وقال إن "
    "السكان شعروا بها في القرى القريبة من البحر، ولم ترد تقارير عن إصابات أو أضرار في المباني والطرق حتى المساء."
)
CRASH = (
    "لقي {dead} أشخاص حتفهم وأصيب {hurt} آخرون في تصادم حافلة وشاحنة على الطريق السريع فجر اليوم، ونقلت سيارات الإسعاف "
    "المصابين إلى المستشفى العام، وعزت إدارة المرور الحادث إلى السرعة الزائدة والضباب الكثيف على جانبي الطريق."
)


@pytest.mark.parametrize(
    ("template", "one", "other"),
    [
        (
            OBITUARY,
            {"name": "خليل سعيد المصري", "age": "77", "town": "بيروت"},
            {"name": "عادل محمود الطويل", "age": "64", "town": "بغداد"},
        ),
        (QUAKE, {"size": "4.1", "hour": "03:14", "depth": "9"}, {"size": "4.8", "hour": "17:40", "depth": "12"}),
        (CRASH, {"dead": "ثلاثة", "hurt": "أربعة"}, {"dead": "خمسة", "hurt": "سبعة"}),
    ],
)
def test_names_and_numbers_tell_stories_of_one_template_apart(
    make: Maker, template: str, one: dict[str, str], other: dict[str, str]
) -> None:
    assert verdict(make, template.format(**one), template.format(**other)) is None
    # The same story, retold with another ending, is a copy.
    match = verdict(make, template.format(**one), template.format(**one) + " ونشرت الصحف الخبر في اليوم التالي.")
    assert match is not None


def test_a_shared_background_under_two_leads_is_no_copy(make: Maker) -> None:
    background, one, other = random_words(3, 120), random_words(4, 50), random_words(5, 50)
    assert verdict(make, " ".join(one + background), " ".join(other + background)) is None
    # With one lead of its own, the longer text is the shorter one's source.
    assert verdict(make, " ".join(one + background), " ".join(background)) is not None


def test_a_fingerprint_without_names_is_compared_without_them(make: Maker) -> None:
    texts = [
        OBITUARY.format(name=name, age="77", town=town)
        for name, town in (("خليل سعيد المصري", "بيروت"), ("عادل محمود الطويل", "بغداد"))
    ]
    old, new = (make(name, text).fingerprint for name, text in zip("ab", texts, strict=True))
    assert compare(Features(new), Features(old), CONFIG) is None
    # Release 0.1.0 ended `quarters` with the quarters.
    quarters = b64decode(old.quarters)[: math.ceil(len(b64decode(old.sketch)) / 2 / 4)]
    assert (
        compare(Features(new), Features(old.model_copy(update={"quarters": b64encode(quarters).decode()})), CONFIG)
        is not None
    )
