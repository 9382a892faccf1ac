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
        ("صنعاء او عدن", ParsedQuery((), ((word("صنعاء"), word("عدن")),), ())),
        ("صنعاء أوْ عدن", ParsedQuery((), ((word("صنعاء"), word("عدن")),), ())),
        ("صنعاء و عدن تعز", ParsedQuery(("تعز",), ((word("صنعاء"),), (word("عدن"),)), ())),
        ("غارة AND +صنعاء", ParsedQuery((), ((word("غارة"),), (word("صنعاء"),)), ())),
        ("+صنعاء غارة وعدن", ParsedQuery(("غارة", "وعدن"), ((word("صنعاء"),),), ())),
        (
            "(صنعاء أو عدن) و انفجار -(رياضة أو «كرة القدم»)",
            ParsedQuery((), ((word("صنعاء"), word("عدن")), (word("انفجار"),)), (word("رياضة"), phrase("كرة القدم"))),
        ),
        ("انتخابات NOT رياضة", ParsedQuery(("انتخابات",), (), (word("رياضة"),))),
        ("انتخابات —رياضة −«دوري»", ParsedQuery(("انتخابات",), (), (word("رياضة"), phrase("دوري")))),
        ("(الأونروا) [عاجل]", ParsedQuery(("الأونروا", "عاجل"), (), ())),
        ("l'Élysée AT&T F-16", ParsedQuery(("l'Élysée", "AT&T", "F-16"), (), ())),
        ("\u200fصنعاء \u202b-رياضة\u202c", ParsedQuery(("صنعاء",), (), (word("رياضة"),))),
        ("١٬٥٠٠ ٪٥٠", ParsedQuery(("١٬٥٠٠", "٪٥٠"), (), ())),
        ("كوفيد-19", ParsedQuery(("كوفيد-19",), (), ())),
        ("2015 - 2016", ParsedQuery(("2015", "2016"), (), ())),
    ],
)
def test_parts(text: str, expected: ParsedQuery) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "quoted",
    [
        '"مجلس الأمن"', "“مجلس الأمن”", "”مجلس الأمن“", "„مجلس الأمن“", "«مجلس الأمن»", "»مجلس الأمن«", "‹مجلس الأمن›",
        "‘مجلس الأمن’", "'مجلس الأمن'", "＂مجلس الأمن＂", "❝مجلس الأمن❞", "〝مجلس الأمن〞", "“مجلس الأمن\"",
        '"مجلس الأمن”',
        "«مجلس الأمن”", "″مجلس الأمن″", "“مجلس الأمن“", "« مجلس الأمن »",
    ],
)  # fmt: skip
def test_quotes_of_every_kind(quoted: str) -> None:
    security_council = (phrase("مجلس الأمن"),)
    assert parse(quoted) == ParsedQuery((), (security_council,), ())
    assert parse(f"ليبيا {quoted} -{quoted} اليمن") == ParsedQuery(
        ("ليبيا", "اليمن"), (security_council,), security_council
    )


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ('“مجلس الأمن" ليبيا “دار الكتب”', ["مجلس الأمن", "دار الكتب"]),
        ('«مجلس "الأمن" الدولي»', ['مجلس "الأمن" الدولي']),
        ("'تصريحات l'Élysée' ليبيا", ["تصريحات l'Élysée"]),
        ('"مجلس “الأمن” الدولي"', ["مجلس “الأمن” الدولي"]),
        ('ال"بي بي سي"', ["بي بي سي"]),
    ],
)
def test_quotes_that_are_mixed_or_nested(text: str, phrases: list[str]) -> None:
    assert [operand.text for choice in parse(text).required for operand in choice if operand.phrase] == phrases


@pytest.mark.parametrize(
    "text",
    [
        "أو",
        "OR صنعاء",
        "صنعاء أو",
        '"',
        "«",
        "- «»",
        "أو أو",
        "صنعاء -",
        "؟ ! ،",
        "و",
        "صنعاء و",
        "NOT",
        "صنعاء NOT",
        "(",
        ")(",
        "-(",
        "+",
        "صنعاء -()",
        "'",
        '-"',
        "--صنعاء",
    ],
)
def test_slips_are_forgiven(text: str) -> None:
    parsed = parse(text)
    assert parsed.words == (("صنعاء",) if "صنعاء" in text else ())
    assert not parsed.required
    assert not parsed.excluded


def test_an_unclosed_quote_leaves_its_words() -> None:
    assert parse('"مجلس الأمن').words == ("مجلس", "الأمن")
    assert parse('-"مجلس الأمن').words == ("مجلس", "الأمن")
    assert parse("-(مجلس الأمن").excluded == ()


def test_the_number_of_parts_is_bounded() -> None:
    parse("كلمة " * MAX_OPERANDS)
    with pytest.raises(ValueError, match="at most 32"):
        parse("كلمة " * (MAX_OPERANDS + 1))


@given(st.text(alphabet="ab ه\"«»“”‘'-+أو|–ORNT()[\u200f\n٣", max_size=60))
def test_any_text_is_read_and_every_part_holds_a_word(text: str) -> None:
    try:
        parsed = parse(text)
    except ValueError:
        return
    operands = [operand for choice in parsed.required for operand in choice] + list(parsed.excluded)
    for part in (*parsed.words, *(operand.text for operand in operands)):
        assert any(character.isalnum() for character in part)
    assert not set("".join(parsed.words)) & set('"«»“”()[')
    assert not any(any(character.isspace() for character in part) for part in parsed.words)
