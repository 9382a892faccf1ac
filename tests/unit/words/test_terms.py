"""By which terms words are found."""

import json
from pathlib import Path

import pytest

from streams.words.families import family_by_rule, irregular
from streams.words.index import article_words
from streams.words.lexicon import lexicon
from streams.words.terms import query_words, text_words
from tests.support.articles import article

PAIRS = json.loads((Path(__file__).parents[3] / "benchmarks" / "search" / "pairs.json").read_text(encoding="utf-8"))


def _families(text: str) -> list[tuple[str, ...]]:
    return [word.families for word in text_words(text)]


def _finds(query: str, text: str) -> bool:
    found = {family for word in text_words(text) for family in word.families}
    return all(not found.isdisjoint(word.families) for word in query_words(query))


def _meet(pair: list[str]) -> bool:
    return _finds(*pair) and _finds(*reversed(pair))


def test_word_families_meet_and_strangers_do_not() -> None:
    """Floors of the reviewed pairs; lower them only on purpose."""
    assert sum(map(_meet, PAIRS["same"])) >= 59
    assert sum(map(_meet, PAIRS["different"])) <= 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("الرياض", "حصص الرياضة في المدارس"),
        ("البحرين", "هاج البحر وعاد البحارة والبحارون"),
        ("عدن", "ارتفع عدد السكان"),
        ("سلمان", "طاولة السلم والسلام"),
        ("سوريا", "هدم السور والأسوار والسوري"[:17]),
        ("الحديدة", "قضبان الحديد"),
        ("حلب", "حليب الأبقار"),
        ("رومانيا", "رحلة إلى روما"),
        ("أسوان", "سوء وسواء"),
        ("البصرة", "الإعاقة البصرية والبصر"),
        ("سليمان", "نقاش سليم"),
        ("حماة", "حماية المستهلك وحمى"),
        ("مصراتة", "مصر ومصرات"),
        ("قنا", "قناة السويس"),
    ],
)
def test_a_name_is_never_mistaken_for_a_word(name: str, text: str) -> None:
    assert not _finds(name, text)
    for clitic in ("", "و", "ب", "وب", "ل"):
        joined = clitic + name
        if clitic.endswith("ل") and name.startswith("ال"):
            joined = "لل" + name[2:]
        if name not in {"حماة", "قنا"}:  # these are words outside names
            assert _finds(name, f"وصل الوفد {joined} أمس"), joined


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("مصر", "المصريون"), ("السعودية", "سعوديتان والسعوديين"), ("فلسطين", "الفلسطينية"), ("أوروبا", "الأوروبيين"),
        ("أبوبكر سالم", "غنى أبو بكر سالم"), ("أبو بكر", "لأبي بكر"), ("بكر", "أبو بكر"), ("عبدالله", "عبد الله"),
    ],
)  # fmt: skip
def test_names_in_their_forms(query: str, text: str) -> None:
    assert _finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("دمج", "قرارا بدمج هيئتين"), ("سبب", "بسبب المطر"), ("خدمة", "لخدمة الزوار"),
        ("معالجة", "ولمعالجة المياه"),
        ("المعالجة", "لمعالجة المياه"), ("أطفال", "فأطفالهم نيام"), ("مناقشة", "لمناقشة الأمر"),
        ("قررت", "فقررت اللجنة"),
        ("يقاطع", "سيقاطع الحزب"), ("احتج", "فاحتج السكان"), ("اعتقل", "اعتقلوه ليلا"), ("نقل", "ونقلوها إلى مكان"),
        ("قاطع", "سيقاطع الحزب"), ("قاطع", "يقاطعون الجلسة"), ("جندي", "قتل جنديان"), ("جنود", "قتل جنديان"),
        ("نمر", "النمور في الغابة"), ("مفتاح", "مفاتيح البيت"), ("حجر", "رشقوهم بالحجارة"), ("مظاهرة", "المتظاهرون"),
        ("المئة", "بالمائة"), ("علي", "قال المحامي علي حسن إن"), ("كوفيد", "أصيب بكوفيد-19"),
        ("الفهم", "سوء فهم"), ("لجنة", "للجنة"), ("ليبيا", "لليبيا"),
        ("لقاء", "للقاء"),
    ],
)  # fmt: skip
def test_clitics_are_parted_from_words(query: str, text: str) -> None:
    assert _finds(query, text)


@pytest.mark.parametrize(
    "word",
    [
        "بلد",
        "كتاب",
        "فريق",
        "لجنة",
        "سلام",
        "كبير",
        "بنك",
        "بيان",
        "كامل",
        "وزير",
        "وقت",
        "وفد",
        "وصل",
        "ولد",
        "فقط",
        "بين",
        "لقاء",
        "كشف",
        "بحث",
        "سيد",
        "سنة",
        "ستة",
        "بيت",
        "فوز",
        "كرة",
        "ليل",
        "لاعب",
        "بحر",
        "فرصة",
        "فيلم",
        "كلب",
        "وضع",
        "سوق",
        "سيارة",
    ],
)
def test_letters_of_a_word_are_no_clitics(word: str) -> None:
    (found,) = text_words(word)
    assert [form for form in found.forms if form[0] != "="] == [found.forms[0]], found


def test_a_shield_is_no_town_outside_a_name_and_a_town_inside_one() -> None:
    assert _families("درعا")[0] == _families("الدرع")[0]
    (inside,) = text_words("درعا", [(0, 4)])
    assert inside.families == ("@درعا",)
    assert text_words("درعًا", [(0, 5)])[0].families == _families("درع")[0]


def test_a_family_called_after_a_people_is_not_that_people() -> None:
    text = "التقى طارق المصري الوزير المصري"
    families = {family for word in text_words(text, persons=[(6, 17)]) for family in word.families}
    assert {"@المصري", "@EG"} <= families
    made = article(
        body="طارق المصري",
        entities=[{"text": "طارق المصري", "type": "PER", "start": 0, "end": 11, "score": 1, "name": "طارق المصري"}],
    )
    body = article_words(made.model_dump())["body"]
    assert [word.families for word in body][1] == ("@المصري",)


def test_a_relative_form_in_the_name_of_an_office_is_of_the_country() -> None:
    (_, found) = text_words("الخارجية الأمريكية", names=[(0, 18)])
    assert "@US" in found.families
    (_, found) = text_words("هيلاري الأمريكي", persons=[(0, 15)])
    assert "@US" not in found.families


@pytest.mark.parametrize(
    ("text", "query"),
    [("عبد العزيز", "العزيز"), ("عبد العزيز", "عبد"), ("لأبي بكر", "أبي"), ("عبد العزيز", "عبدالعزيز")],
)
def test_a_name_of_two_words_is_found_by_each_that_is_printed_and_by_both(text: str, query: str) -> None:
    (word,) = text_words(text)
    (asked,) = query_words(query)
    assert set(word.families) & set(asked.families)
    (joined,) = text_words("عبدالعزيز")
    assert joined.families == ("@عبدالعزيز",)


def test_a_stop_word_has_a_form_and_no_family_but_ali_is_a_name() -> None:
    word = text_words("من")[0]
    assert (word.forms, word.families) == (("من",), ())
    assert query_words("علي")[0].families == ("@علي",)
    assert text_words("علي حسن", [(0, 7)])[0].families == ("@علي",)
    assert text_words("على", [(0, 3)])[0].families == ()


def test_forms_keep_the_word_and_what_is_left_without_its_clitics() -> None:
    assert text_words("وبرئيس")[0].forms == ("وبرءيس", "~برءيس", "~رءيس", "=وبرئيس")
    assert text_words("للوزير")[0].forms == ("للوزير", "~الوزير")
    assert query_words("لمجلس")[0].forms[0] == "لمجلس"


def test_irregular_words_are_written_as_the_rules_leave_them() -> None:
    """A rule whose word an earlier rule changes would never apply; a stem that is changed again would never meet."""
    rules = irregular()
    assert not set(rules) & set(rules.values())
    assert family_by_rule("صواريخ") == "صاروخ"


def test_the_word_lists_are_consistent() -> None:
    known = lexicon()
    assert known.whole <= known.seen
    assert known.nouns <= known.seen
    assert len(known.seen) > 100_000
    assert len(known.names) > 20_000


@pytest.mark.parametrize(
    ("printed", "forms"),
    [
        ("أحمد", ("احمد", "=أحمد")),
        ("أَحمـد", ("احمد", "=أحمد")),
        ("أحمد", ("احمد", "=أحمد")),
        ("احمد", ("احمد",)),
        ("على", ("علي", "=على")),
        ("علي", ("علي",)),
        ("علی", ("علي",)),
        ("مدرسة", ("مدرسه", "=مدرسة")),
        ("ﻣﺪﺭﺳﺔ", ("مدرسه", "=مدرسة")),
    ],
)
def test_the_letters_as_printed_are_a_form_where_normalising_changed_them(printed: str, forms: tuple[str, ...]) -> None:
    assert text_words(printed)[0].forms == forms


APART_BY_FEMININE = [("شرطة", "شرط"), ("عملة", "عمل"), ("خطة", "خط"), ("حكمة", "حكم")]


@pytest.mark.parametrize(("noun", "other"), APART_BY_FEMININE)
def test_nouns_that_are_other_words_without_their_feminine_ending_keep_it(noun: str, other: str) -> None:
    def families(word: str) -> set[str]:
        return {family for found in query_words(word) for family in found.families}

    assert families(noun).isdisjoint(families(other))
    stem = noun[:-1]
    for form in (noun, "ال" + noun, stem + "ات", stem + "تها", stem + "اتهم", stem + "تين"):
        assert families(form) == families(noun)


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("إعلان الإعلانات وإعلاناتها", "أعلى"),
        ("عدوان العدوانية", "عدو أعداء"),
        ("العمليات عملية", "العمل أعمال"),
        ("الطلبة طلاب", "طلبات الطلب"),
        ("رئيسية والرئيسي", "رئيس رؤساء"),
        ("ثلاثين", "ثلاث"),
        ("المدنيين والمدنية", "مدينة المدن"),
        ("الدوريات دورية", "دور الدور"),
    ],
)
def test_nouns_that_only_look_like_inflections_are_words_of_their_own(words: str, other: str) -> None:
    (family,) = {word.families for word in query_words(words)}
    (another,) = {word.families for word in query_words(other)}
    assert family != another
