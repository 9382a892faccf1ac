"""Scripts among the text: gone, recorded, and not a letter of the article with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clean.layout.embedded_code import split_code, without_code
from agents.clean.layout.lines import Rule, to_lines
from agents.clean.layout.parts import Hints
from agents.clean.layout.segment import segment

SCRIPTS = [
    "googletag.cmd.push(function() { googletag.display('div-gpt-ad-1'); });",
    "(adsbygoogle = window.adsbygoogle || []).push({});",
    "window._taboola = window._taboola || []; _taboola.push({ mode: 'thumbnails-a' });",
    "#poll ul { padding: 0; margin: 0; } .box li { list-style: none; }",
    "@media (max-width: 600px) { .box { display: none; } }",
    "!function(f,b,e,v){if(f.fbq)return;}(window, document,'script'); fbq('init', '123');",
    "$(document).ready(function(){ $('#wait').html('انتظر لحظات…'); });",
    '{"@context":"https://schema.org","headline":"افتتاح الجسر","author":{"name":"سالم"}}',
    "<script>var slot = load('top');</script>",
]
SENTENCES = [
    "كتب في وثيقته document ثم أغلق النافذة (Window)، وقال إن function تعني وظيفة.",
    "قال المتحدث: «نعم (50%)؛ هذا [صحيح]».",
    "نشرت شركة Apple Inc. بياناً (Reuters) عن هاتفها; وقالت {إن} السعر = 100$.",
    "تابعوا الصفحة على www.example.com/a?b=c;d=e، وعلى Twitter.",
    "المادة (1): أ) كذا؛ ب) كذا.",
    "غرّد Tim Cook: let us begin; the window is open (today).",
    "ارتفع سهم FB (Facebook) أمس، وكتب مبرمج عن jQuery (JavaScript) في مدونته.",
    "رمزها «x{a:b;}» في الجدول.",
    "They left by the window. He (the thief) had read the document. Body and car (red) were found.",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_leaves_whether_it_stands_alone_or_in_a_paragraph(script: str) -> None:
    assert split_code(script) == ("", [script])
    assert split_code(f"بدأ العمل أمس. {script} وينتهي غداً؟") == ("بدأ العمل أمس. وينتهي غداً؟", [script])


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_stays_as_it_is(sentence: str) -> None:
    assert split_code(sentence) == (sentence, [])


@pytest.mark.parametrize(("before", "after"), [("بدأ العمل أمس", "Reuters وقال"), ("Bridge (old) now open", "Reuters")])
def test_a_few_words_in_the_script_of_the_code_stay(before: str, after: str) -> None:
    assert split_code(f"{before} {SCRIPTS[0]} {after}") == (f"{before} {after}", [SCRIPTS[0]])


@given(st.lists(st.sampled_from([*SCRIPTS, *SENTENCES, "كلمة", "Reuters", "؟", "{", "};", "('", "')"]), max_size=8))
def test_nothing_is_lost_and_no_arabic_outside_a_script(pieces: list[str]) -> None:
    text = " ".join(pieces)
    left, code = split_code(text)
    assert sorted("".join([left, *code]).replace(" ", "")) == sorted(text.replace(" ", ""))
    assert left.count("كلمة") == pieces.count("كلمة")


def test_a_block_of_many_lines_leaves_whole() -> None:
    page = """افتتاح الجسر
.box,
.box li {
display: none;
}
افتتح الوزير الجسر الجديد أمس بعد عامين من العمل.
<script>
var slots = {
top: 'أعلى الصفحة',
};
load(slots);
</script>
وقال إن الطريق صار أقصر.
Reuters"""
    kept, below = without_code(to_lines(page.split("\n")))
    assert [line.text for line in kept] == [
        "افتتاح الجسر",
        "افتتح الوزير الجسر الجديد أمس بعد عامين من العمل.",
        "وقال إن الطريق صار أقصر.",
        "Reuters",
    ]
    assert [removal.text for removal in kept[1].removed] == [".box,", ".box li {", "display: none;", "}"]
    assert [removal.text for removal in kept[2].removed][::5] == ["<script>", "</script>"]
    assert below == []


def test_a_block_with_a_comment_leaves_and_the_gap_above_it_stays() -> None:
    code = ["var slots = {", "// the slots of this page are loaded here", "top: 1,", "};", "load(slots);"]
    kept, _ = without_code(to_lines(["وقال الوزير.", "", *code, "Reuters", "وقال آخر."]))
    assert [(line.text, line.blanks) for line in kept] == [("وقال الوزير.", 0), ("Reuters", 1), ("وقال آخر.", 0)]
    assert [removal.text for removal in kept[1].removed] == code


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_page_in_another_script_loses_its_code_alone(script: str) -> None:
    text = [
        "The minister opened the bridge (built in 2014) on Monday; it took two years.",
        "He said the road was now shorter (by ten kilometres) for all.",
        "Reuters (London)",
    ]
    kept, below = without_code(to_lines([text[0], script, text[1], f"{text[0]} {script} {text[1]}", script, text[2]]))
    assert [line.text for line in kept] == [text[0], text[1], f"{text[0]} {text[1]}", text[2]]
    assert [removal.text for line in kept for removal in line.removed] == [script] * 3
    assert below == []


def test_every_removal_is_recorded_wherever_it_stood() -> None:
    text = "افتتح الوزير الجسر الجديد في المدينة أمس بعد عامين من العمل المتواصل."
    more = "وكانت الأعمال قد تأخرت مرتين بسبب الفيضان."
    page = "\n".join(
        [SCRIPTS[0], "افتتاح الجسر", SCRIPTS[3], text, f"{more} {SCRIPTS[1]}", SCRIPTS[2], "// انتهى //", SCRIPTS[4]]
    )
    (article,) = segment(page, Hints())
    assert article.body == [text, more]
    assert {removal.text for removal in article.removed if removal.reason is Rule.CODE} == {
        SCRIPTS[number] for number in (0, 1, 2, 3, 4)
    }
