import pytest

from agents.entities.bio import TagSpan
from agents.entities.mentions.borders import mended
from agents.entities.model.features import WordEntry

PERSON, PLACE, PLAIN = (0.9, 0.0, 0.0), (0.0, 0.9, 0.0), (0.0, 0.0, 0.0)
WORDS = {
    "كلمة": WordEntry(700, (), PLAIN),
    "ثانيا": WordEntry(90, (), PLAIN),
    "الفائدة": WordEntry(90, (), PLAIN),
    "نادر": WordEntry(90, (), PERSON),
    "ريم": WordEntry(30, (), PERSON),
    "صعدة": WordEntry(60, (), PLACE, ("s",)),
    "سوق": WordEntry(60, (), PLAIN),
    "سريع": WordEntry(60, (), PLAIN),
    "الصباح": WordEntry(60, (), PLAIN),
    **dict.fromkeys(("المدينة", "المانحين", "المريض", "الثالث", "الثاني", "العروس"), WordEntry(60, (), PLAIN)),
}


def names(sentence: str, *spans: TagSpan) -> list[tuple[str, str]]:
    tokens = sentence.split()
    return [(span.kind, " ".join(tokens[span.start : span.end])) for span in mended(tokens, spans, WORDS)]


@pytest.mark.parametrize(
    ("sentence", "spans", "expected"),
    [
        ("وكيلة نورة بنت سعد", [TagSpan(1, 3, "PER"), TagSpan(3, 4, "PER")], [("PER", "نورة بنت سعد")]),
        ("قال تيسير أبو سنينة", [TagSpan(1, 2, "PER"), TagSpan(2, 4, "PER")], [("PER", "تيسير أبو سنينة")]),
        ("ألقى نعيم قاسم كلمة متلفزة", [TagSpan(1, 5, "PER")], [("PER", "نعيم قاسم")]),
        ("حل الهادي ولد أحمد ثانيا", [TagSpan(1, 5, "PER")], [("PER", "الهادي ولد أحمد")]),
        ("أضاف داروين نونيز الثالث", [TagSpan(1, 4, "PER")], [("PER", "داروين نونيز")]),
        ("خلفا لبشر الخصاونة", [TagSpan(1, 2, "PER")], [("PER", "لبشر الخصاونة")]),
        ("قال المتحدث يحيى سريع إن", [TagSpan(2, 3, "PER")], [("PER", "يحيى سريع")]),
        ("وقال نادر أمس إن", [TagSpan(1, 2, "PER")], [("PER", "نادر")]),
        ("وقال نادر مازحا إن", [TagSpan(1, 2, "PER")], [("PER", "نادر")]),
        ("لم ير نادر سريع إن", [TagSpan(2, 3, "PER")], [("PER", "نادر")]),
        ("تسلم المدير نادر القاضي من سلفه", [TagSpan(2, 3, "PER")], [("PER", "نادر القاضي")]),
        ("التقى المدير نادر الوزير الخصاونة", [TagSpan(2, 3, "PER")], [("PER", "نادر")]),
        ("شكر نادر القاضي على حكمه", [TagSpan(1, 2, "PER")], [("PER", "نادر")]),
        ("كتبت نورة بنت سعد لأم نادر", [TagSpan(1, 6, "PER")], [("PER", "نورة بنت سعد")]),
        ("حصلت ريم نجم الدين على", [TagSpan(1, 2, "PER")], [("PER", "ريم نجم الدين")]),
        ("حصلت ريم نجم الدين على", [TagSpan(1, 3, "PER")], [("PER", "ريم نجم الدين")]),
        ("زار بطريرك الأقباط نادر الثاني المدينة", [TagSpan(3, 4, "PER")], [("PER", "نادر الثاني")]),
        ("سجل اللاعب نادر الثاني هدفا", [TagSpan(2, 3, "PER")], [("PER", "نادر")]),
        ("رد رئيس حزب القوات اللبنانية", [TagSpan(2, 5, "ORG")], [("ORG", "القوات اللبنانية")]),
        ("خفض مجلس الاحتياطي الاتحادي الفائدة", [TagSpan(1, 5, "ORG")], [("ORG", "مجلس الاحتياطي الاتحادي")]),
    ],
)
def test_borders(sentence: str, spans: list[TagSpan], expected: list[tuple[str, str]]) -> None:
    assert names(sentence, *spans) == expected


@pytest.mark.parametrize(
    ("sentence", "span"),
    [
        ("زار الملك عبد الله الثاني المدينة", TagSpan(2, 5, "PER")),
        ("زار محمد السادس المدينة", TagSpan(1, 3, "PER")),
        ("استقبل سمير نادر الصباح", TagSpan(1, 3, "PER")),
        ("قال مجلس الأمن الدولي", TagSpan(1, 4, "ORG")),
    ],
)
def test_right_borders_stay(sentence: str, span: TagSpan) -> None:
    tokens = sentence.split()
    assert mended(tokens, [span], WORDS) == [span]


@pytest.mark.parametrize(
    ("sentence", "spans", "expected"),
    [
        ("قال الملك سلمان حفظه الله", [TagSpan(2, 5, "PER")], [("PER", "سلمان")]),
        ("وقال رحمه الله قبل موته", [TagSpan(1, 3, "ORG")], []),
        ("سأل الدكتور عن المريض", [TagSpan(1, 2, "PER")], []),
        ("قال الدكتور نادر أمس", [TagSpan(1, 3, "PER")], [("PER", "نادر")]),
        ("حضرت أم العروس", [TagSpan(1, 2, "ORG")], []),
    ],
)
def test_formulae_and_titles_are_no_names(sentence: str, spans: list[TagSpan], expected: list[tuple[str, str]]) -> None:
    assert names(sentence, *spans) == expected


def test_listed_organisations_replace_what_they_cover() -> None:
    assert names("قالت هيئة تحرير الشام أمس", TagSpan(3, 4, "LOC")) == [("ORG", "هيئة تحرير الشام")]
    assert names("ردت قوات الدعم السريع وأنصار الله") == [("ORG", "قوات الدعم السريع"), ("ORG", "وأنصار الله")]
    assert names("باعت حصتها في تسلا ونوكيا") == [("ORG", "تسلا"), ("ORG", "ونوكيا")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("توفي الطفل يزن ( 7 أعوام )", [("PER", "يزن")]),
        ("بكت الطفلة ريم أمس", [("PER", "ريم")]),
        ("شكرت نائبته أسماء الشرباتي المانحين", [("PER", "أسماء الشرباتي")]),
        ("أسقطت طائرة فوق صعدة", [("LOC", "صعدة")]),
        ("صدرت الرواية عن دار المدى", [("ORG", "دار المدى")]),
        ("دخل الطفل سوق المدينة", []),
        ("عادت في الصباح إلى سوق", []),
    ],
)
def test_what_stands_before_introduces_a_name(sentence: str, expected: list[tuple[str, str]]) -> None:
    assert names(sentence) == expected


def test_without_statistics_only_lists_and_formulae_count() -> None:
    tokens = ["توفي", "الطفل", "ريم", "فوق", "صعدة"]
    assert mended(tokens, [TagSpan(2, 3, "PER")], {}) == [TagSpan(2, 3, "PER")]
