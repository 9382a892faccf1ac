"""What readers type, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.search.syntax import MAX_OPERANDS, Operand, ParsedQuery, parse


def word(text: str) -> Operand:
    return Operand(text, phrase=False)


def phrase(text: str) -> Operand:
    return Operand(text, phrase=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ParsedQuery((), (), ())),
        ("هجوم صنعاء", ParsedQuery(("هجوم", "صنعاء"), (), ())),
        ('"مجلس الأمن"', ParsedQuery((), ((phrase("مجلس الأمن"),),), ())),
        ("«مجلس الأمن» اليمن", ParsedQuery(("اليمن",), ((phrase("مجلس الأمن"),),), ())),
        ("“مجلس الأمن”", ParsedQuery((), ((phrase("مجلس الأمن"),),), ())),
        ("انتخابات -رياضة", ParsedQuery(("انتخابات",), (), (word("رياضة"),))),
        ("-«كرة القدم»", ParsedQuery((), (), (phrase("كرة القدم"),))),
        ("صنعاء أو عدن", ParsedQuery((), ((word("صنعاء"), word("عدن")),), ())),
        ("صنعاء OR عدن | تعز", ParsedQuery((), ((word("صنعاء"), word("عدن"), word("تعز")),), ())),
        (
            "غارات صنعاء أو «مدينة عدن» ليلا",
            ParsedQuery(("غارات", "ليلا"), ((word("صنعاء"), phrase("مدينة عدن")),), ()),
        ),
        ("كوفيد-19", ParsedQuery(("كوفيد-19",), (), ())),
        ("2015 - 2016", ParsedQuery(("2015", "2016"), (), ())),
    ],
)
def test_parts(text: str, expected: ParsedQuery) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["أو", "OR صنعاء", "صنعاء أو", '"', "«", "- «»", "أو أو", "صنعاء -", "؟ ! ،"])
def test_slips_are_forgiven(text: str) -> None:
    parsed = parse(text)
    assert parsed.words == (("صنعاء",) if "صنعاء" in text else ())
    assert not parsed.required
    assert not parsed.excluded


def test_an_unclosed_quote_leaves_its_words() -> None:
    assert parse('"مجلس الأمن').words == ("مجلس", "الأمن")


def test_the_number_of_parts_is_bounded() -> None:
    parse("كلمة " * MAX_OPERANDS)
    with pytest.raises(ValueError, match="at most 32"):
        parse("كلمة " * (MAX_OPERANDS + 1))


@given(st.text(alphabet='ab ه"«»“”-أو|–OR', max_size=60))
def test_any_text_is_read_and_every_part_holds_a_word(text: str) -> None:
    try:
        parsed = parse(text)
    except ValueError:
        return
    operands = [operand for choice in parsed.required for operand in choice] + list(parsed.excluded)
    for part in (*parsed.words, *(operand.text for operand in operands)):
        assert any(character.isalnum() for character in part)
    assert not set("".join(parsed.words)) & set('"«»“”')
