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


@pytest.mark.parametrize(
    ("text", "required", "excluded"),
    [
        ("=أحمد", [Operand("أحمد", phrase=False, exact=True)], []),
        ("-=على", [], [Operand("على", phrase=False, exact=True)]),
        ('="مجلس الأمن"', [Operand("مجلس الأمن", phrase=True, exact=True)], []),
        ("وزار*", [Operand("وزار", phrase=False, prefix=True)], []),
        ("title:زلزال", [Operand("زلزال", phrase=False, field="title")], []),
        ("عنوان:زلزال", [Operand("زلزال", phrase=False, field="title")], []),
        ("title:=أحمد", [Operand("أحمد", phrase=False, exact=True, field="title")], []),
        ('body:"مجلس الأمن"', [Operand("مجلس الأمن", phrase=True, field="body")], []),
        ("-source:almina", [], [Operand("almina", phrase=False, field="source")]),
        ("Person:'سالم العمري'", [Operand("سالم العمري", phrase=True, field="person")], []),
        ("place:EG/القاهرة،", [Operand("EG/القاهرة", phrase=False, field="place")], []),
        ("منظمه:«مجلس الأمن»", [Operand("مجلس الأمن", phrase=True, field="organisation")], []),
    ],
)
def test_exact_words_beginnings_and_fields(text: str, required: list[Operand], excluded: list[Operand]) -> None:
    parsed = parse(text)
    assert [operand for choice in parsed.required for operand in choice] == required
    assert list(parsed.excluded) == excluded
    assert not [note for note in parsed.notes if "only excludes" not in note]


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("(صنعاء و عدن) أو تعز", ["صنعاء|تعز", "عدن|تعز"]),
        ("تعز أو (صنعاء عدن)", ["تعز|صنعاء", "تعز|عدن"]),
        ("(صنعاء و عدن) أو (تعز و إب)", ["صنعاء|تعز", "صنعاء|إب", "عدن|تعز", "عدن|إب"]),
        ("((صنعاء أو عدن) و انفجار) أو زلزال", ["صنعاء|عدن|زلزال", "انفجار|زلزال"]),
        ("+(صنعاء عدن)", ["صنعاء", "عدن"]),
        ("(صنعاء عدن) و تعز", ["صنعاء", "عدن", "تعز"]),
        ("(صنعاء أو عدن", ["صنعاء|عدن"]),
        ("أو (صنعاء) أو", []),
        ("(صنعاء عدن) تعز", []),
    ],
)
def test_groups_mean_what_they_say(text: str, required: list[str]) -> None:
    parsed = parse(text)
    assert ["|".join(operand.text for operand in choice) for choice in parsed.required] == required


def test_groups_that_would_need_too_many_look_ups_are_refused() -> None:
    pairs = " أو ".join(f"(كلمة{number} و خبر{number})" for number in range(7))
    with pytest.raises(ValueError, match="too intricate"):
        parse(pairs)
    assert len(parse(" أو ".join(f"(كلمة{number} و خبر{number})" for number in range(4))).required) == 16


def test_a_field_before_a_parenthesis_counts_for_everything_in_it() -> None:
    title = [Operand(text, phrase=False, field="title") for text in ("زلزال", "فيضان")]
    assert parse("title:(زلزال أو فيضان) عدن") == ParsedQuery(("عدن",), (tuple(title),), ())


@pytest.mark.parametrize("text", ["https://a.example.com/b", "12:30", "الرئيس:قال", "أوباما:نحن", "-:", ":", "title:"])
def test_a_colon_elsewhere_only_parts_words(text: str) -> None:
    assert not parse(text).required


def test_an_unknown_field_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no field 'headline'; the fields are title, subtitle, body, .*source"):
        parse("headline:زلزال")
    assert parse('"headline:زلزال"').required
    for text in ('caption:"كرة القدم"', "caption:=كرة", "caption:كرةا*", "وزارة* " * 5, f"source:{'x' * 201}"):
        with pytest.raises(ValueError, match=r"caption: finds words|more than 4 words with|at most 200"):
            parse(text)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('"مجلس الأمن', 'the quotation mark " is not closed'),
        ("(مجلس الأمن", "not closed"),
        ("مجلس) الأمن", "not opened"),
        ("أو صنعاء", "stands before anything else"),
        ("صنعاء أو", "nothing follows أو"),
        ("صنعاء أو و عدن", "is followed by"),
        ("NOT", "nothing follows NOT"),
        ("-رياضة", "only excludes"),
        ("storm and flood", "the operator is written AND"),
        ("زلزال~", "~ is not understood"),
        ("زلزال~2 عدن", "~2 is not understood"),
        ("زلزال^4", "^4 is not understood"),
        ('"مجلس الأمن"~3', "~3 is not understood"),
        ("مجلس NEAR/3 أمن", "put words that must stand together in quotes"),
        ("[2020 TO 2021]", "ranges are not understood"),
        ("/وزار.*/", "no regular expressions"),
        ("و*", "needs one word of 3 letters"),
        ("الوز*", "الوز* is searched for without *"),
        ("*زارة", "only at the end of a word"),
        ("وز?رة", "? is not understood"),
        ('"وزارة الداخل*"', "within quotes"),
        ("title: زلزال", "directly after the colon"),
        ("(صنعاء -عدن) أو تعز", "excluded from everything"),
        ("صنعاء -- عدن -", ""),
    ],
)
def test_what_is_not_understood_is_told(text: str, note: str) -> None:
    assert note in " ".join(parse(text).notes)
    assert bool(parse(text).notes) == bool(note)


@pytest.mark.parametrize(
    "text",
    [
        "هجوم صنعاء",
        "(تعز أو عدن) و (ليبيا أو مصر أو قطر)",
        "(صنعاء أو عدن) و انفجار -«كرة القدم»",
        "AT&T F-16 +عدن",
        "هل وقع زلزال؟",
    ],
)
def test_nothing_is_told_of_what_is_understood(text: str) -> None:
    assert parse(text).notes == ()


def test_signs_of_other_search_engines_do_not_become_words() -> None:
    assert parse("زلزال~2 عدن^4").words == ("زلزال", "عدن")
