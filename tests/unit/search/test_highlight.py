"""Which words of an article are marked, and which pieces of its body are shown."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.search.highlight import PIECE, PIECES, _spans, marks, pieces
from streams.search.request import Filters
from streams.search.wanted import WantedText, wanted_text
from streams.words.terms import text_words


def _wanted(q: str) -> WantedText:
    return wanted_text(Filters(q=q).parsed())


def _marked(text: str, q: str) -> list[str]:
    return [text[start:end] for start, end in marks(text_words(text), _wanted(q))]


def test_words_are_marked_where_they_stand_in_display_text_whatever_their_form() -> None:
    text = "وقال وزيرُ الخارجية إن الوزراء «والوزيرة» سافروا"
    assert _marked(text, "وزير") == ["وزيرُ", "الوزراء", "والوزيرة"]


def test_phrases_are_marked_whole_and_where_they_occur_and_excluded_words_are_not() -> None:
    text = "بحث مجلس الأمن ملف ليبيا واليمن والرياضة ومجلس الشورى، ورفع لمجلس الأمن تقريرا"
    found = _marked(text, "«مجلس الأمن» ليبيا أو اليمن -رياضة")
    assert found == ["مجلس الأمن", "ليبيا", "واليمن", "لمجلس الأمن"]
    assert _marked(text, "«مجلس الأمن» أمن") == ["مجلس الأمن", "لمجلس الأمن"]


def test_exact_words_and_beginnings_are_marked_and_fields_in_their_text_alone() -> None:
    text = "سبب الحريق بسبب أسباب وأحمد واحمد وأحمد، احمد الوزير ووزارته"
    assert _marked(text, "=سبب") == _marked(text, '"سبب"') == ["سبب"]
    assert _marked(text, "=احمد") == ["احمد"]
    assert _marked(text, "=وأحمد") == ["وأحمد", "وأحمد"]
    assert _marked(text, '"احمد"') == ["احمد"]
    assert _marked(text, "وزا*") == ["ووزارته"]
    assert _marked(text, "body:وزير title:حريق source:almina") == ["الوزير"]


def test_a_stop_word_is_marked_only_if_nothing_else_is_searched_for() -> None:
    assert _marked("ذهب من البيت", "من البيت") == ["البيت"]
    assert _marked("ذهب من البيت", "من") == ["من"]


def test_a_long_body_is_cut_around_its_matches() -> None:
    body = "كلمة " * 100 + "ثم انفجار كبير " + "كلمة " * 100 + "وانفجارات أخرى وانفجار ثالث " + "كلمة " * 50
    cut = pieces(body, marks(text_words(body), _wanted("الانفجار")))
    assert [[piece.text[start:end] for start, end in piece.marks] for piece in cut] == [
        ["انفجار"],
        ["وانفجارات", "وانفجار"],
    ]
    assert all(len(piece.text) <= PIECE and piece.text in body for piece in cut)


@given(st.text(alphabet="وزيرال ةأ\nx", max_size=600))
def test_pieces_are_parts_of_the_text_and_their_marks_lie_within(text: str) -> None:
    cut = pieces(text, marks(text_words(text), _wanted("وزير")))
    assert len(cut) <= PIECES
    assert bool(cut) == bool(text)
    for piece in cut:
        assert piece.text in text
        assert len(piece.text) <= PIECE
        assert all(0 <= start < end <= len(piece.text) for start, end in piece.marks)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 2 * PIECE)), max_size=12))
def test_the_matches_that_are_counted_are_those_within_the_piece(steps: list[tuple[int, int]]) -> None:
    found, at = [], 0
    for gap, length in steps:
        found.append((at + gap, at + gap + length))
        at += gap + length
    text = ("كلمة وأخرى " * 600)[: at + 50]
    spans = _spans(text, found)
    assert all(count == sum(start <= a and b <= end for a, b in found) for start, end, count in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_pieces_side_by_side_are_cut_between_words() -> None:
    words = [f"كلمة{number}" for number in range(70)]
    text = " ".join(words)
    found = [(text.index(word), text.index(word) + len(word)) for word in (words[12], words[33], words[34])]
    shown = pieces(text, found)
    assert len(shown) == PIECES
    seen = [word for piece in shown for word in piece.text.split()]
    first = words.index(seen[0])
    assert seen == words[first : first + len(seen)], "none is cut, lost or shown twice"
