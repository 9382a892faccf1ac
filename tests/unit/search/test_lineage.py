"""Who took a text from whom, and what was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.search.lineage import Piece, descents, differences
from tests.support.articles import article

WIRE = (
    "أعلنت هيئة الموانئ أن السفينة الأولى تصل إلى العقبة صباح الاثنين وعلى متنها 450 راكباً من ثلاث دول، "
    "وأن الرحلات تتكرر مرتين في الأسبوع حتى نهاية الصيف."
)
OTHER = "قال وزير الزراعة إن موسم الزيتون بدأ مبكراً هذا العام بسبب الأمطار التي هطلت في سبتمبر على الجبال الشمالية."
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _copy(name: str, source: str, minutes: int, body: str) -> object:
    return article(id=name, source=source, body=body, ingested_at=(NOON + timedelta(minutes=minutes)).isoformat())


def test_a_text_comes_from_the_closest_earlier_one_of_another_outlet() -> None:
    changed = WIRE.replace("450", "480")
    members = [
        _copy("wire", "agency", 0, WIRE),
        _copy("own", "almina", 5, OTHER),
        _copy("again", "agency", 6, WIRE),
        _copy("changed", "alriwaq", 10, changed + " وأضافت الهيئة أن الأسعار لم تتغير."),
        _copy("taken", "manara", 25, changed),
    ]
    found = {one.id: one for one in descents(members)}  # type: ignore[arg-type]
    assert found["wire"].origin is None
    assert found["own"].origin is None
    assert found["again"].origin is None  # an outlet does not take from itself
    assert (found["changed"].origin, found["changed"].lag_seconds) == ("again", 240)
    assert (found["taken"].origin, found["taken"].shared, found["taken"].lag_seconds) == ("changed", 1, 900)


def test_texts_of_no_words_come_from_nowhere() -> None:
    assert [one.origin for one in descents([_copy("a", "x", 0, "!"), _copy("b", "y", 1, "!")])] == [None, None]  # type: ignore[list-item]


def _changes(earlier: str, later: str, *names: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.text.strip(), one.sort) for one in differences(earlier, later, names) if one.kind != "same"]


def test_changed_numbers_names_and_loaded_words_are_told_apart() -> None:
    assert _changes("سقط 12 قتيلاً في درعا", "سقط ١٤ قتيلاً في درعا") == [
        ("removed", "12", "number"),
        ("added", "١٤", "number"),
    ]
    assert _changes("سقط قتيل في المدينة", "سقط شهيد في المدينة") == [
        ("removed", "قتيل", "loaded"),
        ("added", "شهيد", "loaded"),
    ]
    assert _changes("وصل زياد إلى العقبة", "وصل ماجد إلى العقبة", "زياد الكسواني", "ماجد") == [
        ("removed", "زياد", "name"),
        ("added", "ماجد", "name"),
    ]
    assert _changes("كتاب جديد", "كتاب قديم") == [("removed", "جديد", "word"), ("added", "قديم", "word")]


def test_a_word_alone_between_two_changes_is_part_of_them() -> None:
    assert _changes("الأول في الثاني ثم عاد إلى بيته", "الثالث في الرابع ثم عاد إلى بيته") == [
        ("removed", "الأول في الثاني", "word"),
        ("added", "الثالث في الرابع", "word"),
    ]


def test_a_whole_sentence_is_not_changed_for_its_number() -> None:
    assert [one[2] for one in _changes("انتهى", "انتهى . وقال إن سبع سفن و450 راكباً في الميناء")] == ["word"]


def test_spelling_is_no_difference() -> None:
    assert _changes("أُعلن الإتفاق في مكة عام 2024", "اعلن الاتفاق في مكه عام ٢٠٢٤") == []


def test_both_texts_can_be_put_together_again() -> None:
    later = WIRE.replace("الاثنين", "الثلاثاء").replace("ثلاث دول", "دول عدة") + "\nوالحجز مفتوح."
    pieces = differences(WIRE, later)
    assert "".join(one.text for one in pieces if one.kind != "removed") == later
    # Where the texts are the same, the spaces are those of the later one.
    assert "".join(one.text for one in pieces if one.kind != "added").split() == WIRE.split()
    assert differences("", "") == []
    assert differences("", "جديد") == [Piece(kind="added", text="جديد")]
