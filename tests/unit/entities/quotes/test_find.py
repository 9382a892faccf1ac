"""What is quoted, and who said it."""

from __future__ import annotations

import pytest

from agents.entities.quotes.find import find_quotes
from agents.entities.quotes.reporting_words import Form, reporting_words
from streams.records import Entity

Said = list[tuple[str | None, str, str]]


def _entities(body: str, persons: str, organisations: str = "") -> list[Entity]:
    """Mentions of the names, which are separated by semicolons, wherever the body has them."""
    found = []
    for kind, names in (("PER", persons), ("ORG", organisations)):
        for name in filter(None, names.split(";")):
            start = body.find(name)
            while start >= 0:
                end = start + len(name)
                found.append(Entity(text=name, type=kind, start=start, end=end, score=0.9, name=name))
                start = body.find(name, end)
    return found


def _said(body: str, persons: str = "", organisations: str = "") -> Said:
    quotes = find_quotes(body, _entities(body, persons, organisations))
    assert all(body[quote.start : quote.end] == quote.text for quote in quotes)
    return [(quote.speaker, quote.verb, quote.text) for quote in quotes]


@pytest.mark.parametrize(
    ("body", "persons", "said"),
    [
        ("قال الوزير سعيد الحلبي إن الجسر سيفتح غدا.", "سعيد الحلبي", [("سعيد الحلبي", "قال", "الجسر سيفتح غدا")]),
        ("وقالت هدى الزعبي إنها ستترشح.", "هدى الزعبي", [("هدى الزعبي", "قالت", "إنها ستترشح")]),
        ("وصرح سعيد الحلبي: «لن نغلق المدارس هذا الشتاء».", "سعيد الحلبي",
         [("سعيد الحلبي", "صرح", "لن نغلق المدارس هذا الشتاء")]),
        ("«كانت ليلة صعبة جدا علينا»، قال سعيد الحلبي.", "سعيد الحلبي",
         [("سعيد الحلبي", "قال", "كانت ليلة صعبة جدا علينا")]),
        ("«كانت ليلة صعبة جدا علينا»، بحسب سعيد الحلبي.", "سعيد الحلبي",
         [("سعيد الحلبي", "بحسب", "كانت ليلة صعبة جدا علينا")]),
        ("«كانت ليلة صعبة جدا علينا»، على حد تعبير سعيد الحلبي.", "سعيد الحلبي",
         [("سعيد الحلبي", "تعبير", "كانت ليلة صعبة جدا علينا")]),
        ("ونقلت الوكالة عن سعيد الحلبي قوله إن الماء عاد.", "سعيد الحلبي", [("سعيد الحلبي", "نقلت", "الماء عاد")]),
        ("سعيد الحلبي، عمدة المدينة، قال إن الماء عاد.", "سعيد الحلبي", [("سعيد الحلبي", "قال", "الماء عاد")]),
        ("وأكد سعيد الحلبي دعمه للخطة، مشيرا إلى أن التنفيذ بدأ.", "سعيد الحلبي",
         [("سعيد الحلبي", "مشيرا", "التنفيذ بدأ")]),
        ("وافتتح سعيد الحلبي المعرض. وأوضح أن الدخول مجاني.", "سعيد الحلبي", [("سعيد الحلبي", "أوضح", "الدخول مجاني")]),
    ],
)  # fmt: skip
def test_speech_is_direct_or_reported_before_or_after_its_speaker(body: str, persons: str, said: Said) -> None:
    assert _said(body, persons) == said


def test_a_verb_without_a_subject_is_that_of_who_spoke_before_and_agrees_with_it() -> None:
    body = "قالت هدى الزعبي إن الأزمة انتهت.\nوأضافت: «شكرا لكل من ساعدنا اليوم». وتابع أن الأمر صعب."
    assert _said(body, "هدى الزعبي") == [
        ("هدى الزعبي", "قالت", "الأزمة انتهت"),
        ("هدى الزعبي", "أضافت", "شكرا لكل من ساعدنا اليوم"),
        (None, "تابع", "الأمر صعب"),
    ]


def test_a_title_alone_is_that_of_who_had_it() -> None:
    body = "قال وزير الصحة سعيد الحلبي إن اللقاح وصل. وأوضح الوزير أن التوزيع بدأ. وقال المدير إن المخزن امتلأ."
    assert [speaker for speaker, _, _ in _said(body, "سعيد الحلبي")] == ["سعيد الحلبي", "سعيد الحلبي", None]


@pytest.mark.parametrize(
    "body",
    [
        "قال محامي سعيد الحلبي إن موكله بريء.",
        "وقال المتحدث باسم الرئيس سعيد الحلبي إن الزيارة تأجلت.",
        "قالت مصادر قريبة من سعيد الحلبي إن الاستقالة وشيكة.",
        "شقيق اللاعب سعيد الحلبي قال إن العقد لم يوقع.",
    ],
)
def test_who_stands_beside_a_person_is_not_that_person(body: str) -> None:
    assert [speaker for speaker, _, _ in _said(body, "سعيد الحلبي")] == [None]


@pytest.mark.parametrize(
    "body",
    [
        "وأعلن سعيد الحلبي استقالته.",
        "يذكر أن سعيد الحلبي ولد في حلب.",
        "لم يقل سعيد الحلبي إن الضريبة ستلغى.",
        "أكد سعيد الحلبي موقفه، إلا أن الوقت ضيق.",
        "كتب سعيد الحلبي ثلاث روايات أن بدأ الحرب.",
        "وفاز فيلم «رجال تحت شمس الظهيرة» بالجائزة.",
        "تقول حملة «النضال من أجل الأجور» التي بدأت أمس.",
        "",
        "«» «",
    ],
)
def test_not_every_verb_and_mark_is_speech(body: str) -> None:
    assert _said(body, "سعيد الحلبي") == []


def test_an_organisation_speaks_and_a_paper_that_is_spoken_to_does_not() -> None:
    assert _said("وقالت شركة أدنوك إن الإنتاج سيرتفع.", organisations="أدنوك") == [("أدنوك", "قالت", "الإنتاج سيرتفع")]
    assert _said("وقالت لصحيفة المدى إن الإنتاج سيرتفع.", organisations="المدى") == [(None, "قالت", "الإنتاج سيرتفع")]


def test_reported_speech_ends_before_another_clause() -> None:
    body = "قال سعيد الحلبي إن الطريق آمن، داعيا السكان إلى العودة، وأضاف أن الكهرباء عادت."
    assert _said(body, "سعيد الحلبي") == [
        ("سعيد الحلبي", "قال", "الطريق آمن"),
        ("سعيد الحلبي", "أضاف", "الكهرباء عادت"),
    ]


def test_reporting_words_have_all_their_forms() -> None:
    words = reporting_words()
    assert {words[form].form for form in ("قال", "يقول", "رأي", "راي") if form in words} == {Form.HE}
    assert {words[form].form for form in ("قالت", "تقول", "رات", "نفت")} == {Form.SHE}
    assert words["قالوا"].form == Form.THEY
    assert words["مؤكدة"].participle
    assert words["كتب"].needs_mark
