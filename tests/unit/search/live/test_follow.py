"""Articles that are shown before they are in the index."""

from hypothesis import given
from hypothesis import strategies as st

from streams.search.live.follow import PIECE, live_hit, marks, piece
from streams.search.live.matcher import LiveMatcher
from streams.search.request import Filters
from tests.support.articles import article


def _terms(q: str) -> frozenset[str]:
    return LiveMatcher(Filters(q=q)).terms


def test_words_are_marked_where_they_stand_in_display_text_whatever_their_form() -> None:
    text = "وقال وزيرُ الخارجية إن الوزراء «والوزيرة» سافروا"
    found = [text[start:end] for start, end in marks(text, _terms("وزير"))]
    assert found == ["وزيرُ", "الوزراء", "والوزيرة"]


def test_words_of_phrases_and_choices_are_marked_and_excluded_ones_are_not() -> None:
    text = "بحث مجلس الأمن ملف ليبيا واليمن والرياضة"
    found = [text[start:end] for start, end in marks(text, _terms("«مجلس الأمن» ليبيا أو اليمن -رياضة"))]
    assert found == ["مجلس", "الأمن", "ليبيا", "واليمن"]


def test_a_long_body_is_cut_around_the_first_match() -> None:
    body = "كلمة " * 100 + "ثم انفجار كبير " + "كلمة " * 100
    cut = piece(body, _terms("الانفجار"))
    assert [cut.text[start:end] for start, end in cut.marks] == ["انفجار"]
    assert len(cut.text) <= PIECE
    assert cut.text in body


@given(st.text(alphabet="وزيرال ةأ\nx", max_size=600))
def test_a_piece_is_a_part_of_the_text_and_its_marks_lie_within(text: str) -> None:
    cut = piece(text, _terms("وزير"))
    assert cut.text in text
    assert len(cut.text) <= PIECE
    assert bool(cut.text) == bool(text)
    assert all(0 <= start < end <= len(cut.text) for start, end in cut.marks)


def test_a_live_hit_has_no_score_and_no_more_than_the_article() -> None:
    hit = live_hit(article(subtitle="دور نشر عربية"), _terms("معرض"))
    assert hit.score is None
    assert hit.highlights.title is not None
    assert hit.highlights.title.marks == [(7, 11)]
    assert hit.highlights.subtitle is not None
    assert hit.highlights.subtitle.marks == []
    assert hit.highlights.body[0].text == article().body
