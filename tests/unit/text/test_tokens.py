import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.text.tokens import sentences, tokenize, word_spans

ARABIC = st.text(st.sampled_from("ابتةكمهوي أإآىئؤءَُِّْ٠١٢12.,:/-٫٬،؛؟!«»()\n\t_#%ـ\u200f\u200cAzé…"), max_size=80)


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("زار الوفد صنعاء", ["زار", "الوفد", "صنعاء"]),
        ("نقلت أ.ف.ب عنه", ["نقلت", "أ.ف.ب", "عنه"]),
        ("بنسبة 12٫5%", ["بنسبة", "12٫5", "%"]),
        ("في ١٤/٣/٢٠١٩.", ["في", "١٤/٣/٢٠١٩", "."]),
        ("عند 10:45، وصل", ["عند", "10:45", "،", "وصل"]),
        ("«وكالة الأنباء»(وفا)", ["«", "وكالة", "الأنباء", "»", "(", "وفا", ")"]),
        ("شدَّدَ مُحمَّدٌ", ["شدَّدَ", "مُحمَّدٌ"]),
        ("مجموعة G20 والـ20", ["مجموعة", "G20", "والـ20"]),
        ("انتهى... ثم", ["انتهى", "...", "ثم"]),
        ("#نهائي_الكأس", ["#", "نهائي", "_", "الكأس"]),
        ("\u200fبيروت\u200e \ufeffعاد", ["بيروت", "عاد"]),
        ("", []),
        (" \n\u00a0", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(ARABIC | st.text(max_size=80))
def test_offsets_are_exact_and_nothing_visible_is_lost(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))
    covered = {i for token in tokens for i in range(token.start, token.end)}
    assert not [c for i, c in enumerate(text) if i not in covered and c.isalnum()]


@given(ARABIC)
def test_sentences_part_the_tokens_without_gap(text: str) -> None:
    tokens = tokenize(text)
    parts = sentences(text, tokens)
    assert [token for part in parts for token in tokens[part]] == tokens
    assert all(tokens[part] for part in parts)


def test_sentences_end_at_stops_and_lines_but_not_at_initials() -> None:
    text = "حضر د. سالم الحفل. هل وصل؟ نعم\nعنوان آخر"
    tokens = tokenize(text)
    parts = [" ".join(token.text for token in tokens[part]) for part in sentences(text, tokens)]
    assert parts == ["حضر د . سالم الحفل .", "هل وصل ؟", "نعم", "عنوان آخر"]


@pytest.mark.parametrize("piece", ["1.", "أ.", "1,2:", "َ", "..", "ا", "«"])
def test_no_input_makes_the_pattern_backtrack(piece: str) -> None:
    # A quadratic pattern would not come back from this within the suite's time limit.
    tokens = tokenize(piece * 500_000 + "x")
    assert tokens[-1].end == 500_000 * len(piece) + 1


@given(ARABIC)
def test_word_spans_are_the_tokens_that_are_words(text: str) -> None:
    expected = [(token.start, token.end) for token in tokenize(text) if token.text[0].isalnum()]
    assert word_spans(text) == expected
