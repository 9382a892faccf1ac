"""Credit lines, first sentences and page ends in the habits of many outlets, with invented names."""

from __future__ import annotations

import pytest

from agents.clean.credits.dateline import dateline_credit
from agents.clean.credits.outlet import NOBODY, outlet_of
from agents.clean.credits.parse import parse_credit
from agents.clean.layout.lines import Rule
from agents.clean.layout.parts import Hints
from agents.clean.layout.segment import segment
from tests.unit.clean.samples import BODY, TITLE

OWN_LINES = [
    # Pan-Arab papers and sites
    ("أحمد العمري-الدوحة", "أحمد العمري", "الدوحة", ()),
    ("الجزيرة + وكالات", None, None, ("الجزيرة", "وكالات")),
    ("لندن – «القدس العربي»:", None, "لندن", ("القدس العربي",)),
    ("رام الله – «القدس العربي» من سعيد أبو معلا:", "سعيد أبو معلا", "رام الله", ("القدس العربي",)),
    ("واشنطن ــ العربي الجديد", None, "واشنطن", ("العربي الجديد",)),
    ("غزة - علاء الحلو", "علاء الحلو", "غزة", ()),
    ("سكاي نيوز عربية - أبوظبي", None, "أبوظبي", ("سكاي نيوز عربية",)),
    ("ترجمات - أبوظبي", None, "أبوظبي", ()),
    ("العربية.نت - دبي", None, "دبي", ("العربية.نت",)),
    ("فرانس24/ أ ف ب", None, None, ("فرانس24", "أ ف ب")),
    ("دبي، الإمارات العربية المتحدة (CNN)", None, "دبي", ("CNN",)),
    ("المدن - سياسة", None, None, ("المدن",)),
    # The Gulf
    ("عبدالله الداني (جدة) aaaldani@", "عبدالله الداني", "جدة", ()),
    ("«عكاظ» (الرياض) okaz_online@", None, "الرياض", ("عكاظ",)),
    ("طالب بن محفوظ (جدة)", "طالب بن محفوظ", "جدة", ()),
    ("الرياض 21 جمادى الأولى 1445 هـ الموافق 05 ديسمبر 2023 م واس", None, "الرياض", ("واس",)),
    ("الكويت - 12 - 11 (كونا)", None, "الكويت", ("كونا",)),
    ("أبوظبي في 12 نوفمبر/ وام /", None, "أبوظبي", ("وام",)),
    ("المنامة في 12 نوفمبر / بنا /", None, "المنامة", ("بنا",)),
    ("مسقط في 12 نوفمبر /العُمانية/", None, "مسقط", ("العُمانية",)),
    ("راشد النعيمي (الشارقة)", "راشد النعيمي", "الشارقة", ()),
    ("| كتب أحمد الفضلي |", "أحمد الفضلي", None, ()),
    ("عدن((عدن الغد))خاص:", None, "عدن", ("عدن الغد",)),
    # Egypt and Sudan
    ("كتب – محمود عبد الله", "محمود عبد الله", None, ()),
    ("كتبت بديعة زيدان:", "بديعة زيدان", None, ()),
    ("الإسكندرية - أسماء علي", "أسماء علي", "الإسكندرية", ()),
    ("بقلم/ د. محمد عبد الحميد", "د. محمد عبد الحميد", None, ()),
    ("فهد السليم ومحمد العياف - الأحساء", "فهد السليم، محمد العياف", "الأحساء", ()),
    ("محمد وليد سعيد - القاهرة", "محمد وليد سعيد", "القاهرة", ()),
    # The Levant and Iraq
    ("دمشق-سانا", None, "دمشق", ("سانا",)),
    ("وطنية - بيروت", None, "بيروت", ("وطنية",)),
    ("عمان 12 تشرين الثاني (بترا)", None, "عمان", ("بترا",)),
    ("عمان- حنان الكسواني", "حنان الكسواني", "عمان", ()),
    ("رام الله 12-11-2023 وفا", None, "رام الله", ("وفا",)),
    ("بغداد – واع – محمد الكعبي", "محمد الكعبي", "بغداد", ("واع",)),
    ("ذي قار / حسين العامل", "حسين العامل", "ذي قار", ()),
    ("عنب بلدي – نور الدين رمضان", "نور الدين رمضان", None, ("عنب بلدي",)),
    ("القدس / زين خليل / الأناضول", "زين خليل", "القدس", ("الأناضول",)),
    # The Maghreb
    ("هسبريس من الرباط", None, "الرباط", ("هسبريس",)),
    ("هسبريس – و.م.ع", None, None, ("هسبريس", "و.م.ع")),
    ("الجزائر: ح. سليمان", "ح. سليمان", "الجزائر", ()),
    ("طرابلس - بوابة الوسط - صلاح ناصف", "صلاح ناصف", "طرابلس", ("بوابة الوسط",)),
    # Outlets that we do not know
    ("سلمى الحاج - الميناء - بيروت:", "سلمى الحاج", "بيروت", ("الميناء",)),
    ("جمانة العظم - الضفتان - دمشق:", "جمانة العظم", "دمشق", ("الضفتان",)),
    ("بيدر (جدة)", None, "جدة", ("بيدر",)),
    ("بيدر (جيبوتي)", None, "جيبوتي", ("بيدر",)),
    ("صدى البادية – تبوك", None, "تبوك", ("صدى البادية",)),
    ("رصد وتصوير: أحمد حجازي – عين اليوم", None, None, ("عين اليوم",)),
]


@pytest.mark.parametrize(("text", "byline", "dateline", "agencies"), OWN_LINES)
def test_a_line_of_its_own_leaves_the_body(
    text: str, byline: str | None, dateline: str | None, agencies: tuple[str, ...]
) -> None:
    credit = parse_credit(text)
    assert (credit.byline, credit.dateline, credit.agencies) == (byline, dateline, agencies)
    (parts,) = segment("\n".join([TITLE, text, *BODY]), Hints(title=TITLE))
    assert parts.body == BODY
    assert (parts.credit.byline, parts.credit.dateline, parts.credit.agencies) == (byline, dateline, agencies)


@pytest.mark.parametrize(
    "text",
    [
        "أسعار الذهب - القاهرة", "السعودية - اليمن", "الطقس اليوم", "مباريات اليوم", "إيران: لن نفاوض",
        "مشهد من المسرحية", "القاهرة", "نداء إلى المجتمع الدولي", "قالت سيدة مطلقة",
        "السديري خلال لقائه وفد جامعة جازان",
    ],
)  # fmt: skip
def test_headings_and_captions_stay(text: str) -> None:
    (parts,) = segment("\n".join([text, *BODY]), Hints(title=TITLE))
    assert parts.body == [text, *BODY]


@pytest.mark.parametrize(
    ("lead", "byline", "dateline", "agencies"),
    [
        ("القاهرة (رويترز) - ", None, "القاهرة", ("رويترز",)),
        ("دبي 12 نوفمبر تشرين الثاني (رويترز) - ", None, "دبي", ("رويترز",)),
        ("بكين 12 نوفمبر 2023 (شينخوا) ", None, "بكين", ("شينخوا",)),
        ("عمان 12 تشرين الثاني (بترا)- ", None, "عمان", ("بترا",)),
        ("رام الله 12-11-2023 وفا- ", None, "رام الله", ("وفا",)),
        ("الكويت - 12 - 11 (كونا) -- ", None, "الكويت", ("كونا",)),
        ("أبوظبي في 12 نوفمبر/ وام / ", None, "أبوظبي", ("وام",)),
        ("الدوحة في 12 نوفمبر /قنا/ ", None, "الدوحة", ("قنا",)),
        ("الكويت 12 - 11 (كونا) -- ", None, "الكويت", ("كونا",)),
        ("الخرطوم 12-11-2023 (سونا) – ", None, "الخرطوم", ("سونا",)),
        ("نواكشوط (و م أ) - ", None, "نواكشوط", ("و م أ",)),
        ("الرباط 12 نونبر 2023 (و م ع) - ", None, "الرباط", ("و م ع",)),
        ("DUBAI (Reuters) - ", None, "DUBAI", ("Reuters",)),
        ("Istanbul / AA - ", None, "Istanbul", ("AA",)),
        ("CAIRO, Nov 12 (MENA) - ", None, "CAIRO", ("MENA",)),
        ("(بيروت، 12 نوفمبر 2023) – ", None, "بيروت", ()),
        ("دبي، الإمارات العربية المتحدة (CNN)-- ", None, "دبي", ("CNN",)),
        ("وطنية - صيدا - ", None, "صيدا", ("وطنية",)),
        ("الأخبار (نواكشوط) – ", None, "نواكشوط", ("الأخبار",)),
        ("مشاعل الحربي- سبق- الدمام: ", "مشاعل الحربي", "الدمام", ("سبق",)),
        ("شفق نيوز/ ", None, None, ("شفق نيوز",)),
    ],
)
def test_credits_of_first_sentences(
    lead: str, byline: str | None, dateline: str | None, agencies: tuple[str, ...]
) -> None:
    credit = dateline_credit(lead + BODY[0], NOBODY)
    assert credit is not None
    assert (credit.byline, credit.dateline, credit.agencies) == (byline, dateline, agencies)


@pytest.mark.parametrize(
    "sentence",
    [
        "إيران: لن نقبل بتفتيش المواقع العسكرية مهما كانت الضغوط.",
        "قالت الجمعية الفلكية بجدة: إن الشهب تبلغ ذروتها الليلة.",
        "ذكرت وكالة أنباء الصين الجديدة (شينخوا) أن الشركة توسعت.",
        "سجلت أمانة المنطقة الشرقية (الدمام) مخالفات عدة أمس.",
        "المدرب: نحتاج إلى وقت أطول كي نستعيد مستوانا.",
    ],
)
def test_sentences_that_begin_with_no_credit(sentence: str) -> None:
    assert dateline_credit(sentence, NOBODY) is None


@pytest.mark.parametrize(
    ("source", "url", "name", "owns"),
    [
        ("almina", "https://news.example/1", "الميناء", True),
        ("x", "https://www.aldiffatan.example/1", "الضفتان", True),
        ("x", "https://annakheel.example/1", "صحيفة النخيل", True),
        ("sada-albadia", "https://news.example/1", "صدى البادية", True),
        ("shiraa", "https://news.example/1", "شراع الخليج", True),
        ("صحيفة المرفأ", "https://news.example/1", "المرفأ", True),
        ("okaz", "https://news.example/1", "عكاظ", True),
        ("okaz", "https://news.example/1", "أكد المتحدث", False),
        ("alriyadh", "https://news.example/1", "الرياض خالد الفهد", False),
        ("almina", "https://news.example/1", "المدينة", False),
        ("x", "file:///page.html", "الميناء", False),
    ],
)
def test_the_outlets_own_name(source: str, url: str, name: str, owns: bool) -> None:
    assert outlet_of(source, url).owns(name) is owns


def test_the_papers_own_town() -> None:
    outlet = outlet_of("alriyadh", "https://alriyadh.example/1")
    assert parse_credit("عمّان - الرياض", outlet).dateline == "عمّان"
    assert parse_credit("عمّان - الرياض", outlet).agencies == ("الرياض",)
    assert parse_credit("الرياض - منى السالم", outlet).dateline == "الرياض"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("// انتهى // 12:34ت م", Rule.END_MARK),
        ("(النهاية) ف ن / ع م ح", Rule.END_MARK),
        ("--(بترا)", Rule.END_MARK),
        ("م.ع/ ح.س", Rule.END_MARK),
        ("جنا/ م.ر/ س.ع", Rule.END_MARK),
        ("الرأي والتحليل يعبر عن رأي كاتبه فقط ولا يمثل بالضرورة رأي الموقع.", Rule.COLOPHON),
        ("* ما ينشر في صفحات الرأي يعبر عن وجهة نظر كاتبه.", Rule.COLOPHON),
        ("ترجم الموضوع إلى لغات أخرى", Rule.WIDGET),
        ("فرانس برس/ رويترز", Rule.SOURCE_LINE),
        ("============ ل.خ.", Rule.END_MARK),
        ("www.harbour.example/2024", Rule.SELF_LINK),
        ("معاييرنا: مبادئ الثقة لدى المرفأ.", Rule.COLOPHON),
        ("إشترك في نشرتنا الإخبارية", Rule.WIDGET),
        ("تابع قناة المرفأ على الواتساب", Rule.WIDGET),
        ("الوسوم", Rule.TAGS),
        ("05/01/2024 12:22:11", Rule.DATE_LINE),
        ("(إعداد سامر الخطيب للنشرة العربية - تحرير منى السالم)", Rule.DESK_NOTE),
        ("حقوق النشر محفوظة لجريدة المرفأ", Rule.COLOPHON),
        ("جميع الحقوق محفوظة © المرفأ 2024", Rule.COLOPHON),
        ("المرفأ، يومية سياسية مستقلة", Rule.COLOPHON),
        ("رابط المقال في المرفأ: الصيادون يترقبون", Rule.SELF_LINK),
        ("كلمات مفتاحية: ميناء | صيد", Rule.TAGS),
        ("#الميناء #الصيد", Rule.TAGS),
        ("تابعونا على تلغرام ليصلكم كل جديد", Rule.WIDGET),
    ],
)
def test_what_stands_below_the_text(line: str, rule: Rule) -> None:
    outlet = outlet_of("المرفأ", "https://harbour.example/1")
    (parts,) = segment("\n".join([*BODY, line]), Hints(title=TITLE, outlet=outlet))
    assert parts.body == BODY
    assert [(removal.text, removal.reason) for removal in parts.removed] == [(line, rule)]


@pytest.mark.parametrize(
    "line",
    [
        "لا",
        "نعم",
        "قم",
        "ومن يدري؟",
        "(من وحي المدينة)",
        "المرفأ القديم، حكاية لم تنته",
        "الصياد الأول",
        "وقال إن المقال يعبر عن رأي كاتبه",
        "www.chef.example",
    ],
)
def test_last_lines_that_are_text(line: str) -> None:
    outlet = outlet_of("المرفأ", "https://harbour.example/1")
    (parts,) = segment("\n".join([*BODY, line]), Hints(title=TITLE, outlet=outlet))
    assert parts.body == [*BODY, line]


@pytest.mark.parametrize(
    "line",
    [
        "شارك طباعة أ+ أ-", "شارك الخبر على:", "إكس", "X", "فيسبوك X واتساب نسخ الرابط", "A+ A A-", "شارك المقال أ+أ-",
        "فيسبوك | تويتر | واتساب", "للاشتراك في قناتنا على واتساب اضغط هنا", "تخطى البودكاست وواصل القراءة",
    ],
)  # fmt: skip
def test_rows_of_buttons(line: str) -> None:
    (parts,) = segment("\n".join([BODY[0], line, *BODY[1:]]), Hints(title=TITLE))
    assert parts.body == BODY
    assert [removal.reason for removal in parts.removed] == [Rule.WIDGET]


@pytest.mark.parametrize(
    "line",
    [
        "شارك المنتخب في البطولة",
        "مشاركة واسعة",
        "تابع المتظاهرون الخطاب عبر فيسبوك",
        "رابط الدم",
        "إكس لارج",
        "القائمة",
    ],
)
def test_lines_that_only_look_like_buttons(line: str) -> None:
    (parts,) = segment("\n".join([BODY[0], line, *BODY[1:]]), Hints(title=TITLE))
    assert parts.body == [BODY[0], line, *BODY[1:]]


@pytest.mark.parametrize(
    "line",
    [
        "الإثنين، 20 نوفمبر 2023 09:00 ص",
        "آخر تحديث: الأحد 12 نوفمبر 2023 - 10:10 بتوقيت غرينتش",
        "12/11/2023|آخر تحديث: 12/11/2023 07:15 مساء (بتوقيت مكة المكرمة)",
        "منذ 3 ساعات",
        "05 جانفي 2024 (منذ 3 ساعات) - القسم الوطني",
        "5 يناير 2024 10:12 ص غرينتش+2",
        "الثلاثاء - 20 ربيع الثاني 1437 هـ - 30 يناير 2016 مـ رقم العدد [13577]",
    ],
)
def test_date_lines(line: str) -> None:
    (parts,) = segment("\n".join([TITLE, line, *BODY]), Hints(title=TITLE))
    assert parts.body == BODY
    assert [removal.reason for removal in parts.removed] == [Rule.TITLE_ECHO, Rule.DATE_LINE]


def test_captions_that_say_so() -> None:
    page = [
        TITLE,
        "Article information",
        "Author, منى السالم",
        "Role, بي بي سي نيوز عربي - القاهرة",
        "صدر الصورة، Getty Images",
        "التعليق على الصورة، مراكب صيد في الميناء القديم",
        *BODY,
    ]
    (parts,) = segment("\n".join(page), Hints(title=TITLE))
    assert parts.body == BODY
    assert parts.captions == [("مراكب صيد في الميناء القديم", "Getty Images")]
    assert (parts.credit.byline, parts.credit.dateline) == ("منى السالم", "القاهرة")


def test_a_source_line_names_its_place() -> None:
    (parts,) = segment("\n".join([*BODY, "المصدر: دبي - وام"]), Hints(title=TITLE))
    assert (parts.body, parts.credit.dateline, parts.credit.agencies) == (BODY, "دبي", ("وام",))


@pytest.mark.parametrize(
    ("lines", "byline", "dateline", "agencies"),
    [
        (["القاهرة", "العربي الجديد", "05 يناير 2024"], None, "القاهرة", ("العربي الجديد",)),
        (["من منى السالم", "رويترز"], "منى السالم", None, ("رويترز",)),
        (["محمد ماجد  |05.01.2024 - محدث : 05.01.2024", "القاهرة/ الأناضول"], "محمد ماجد", "القاهرة", ("الأناضول",)),
        (["الجمعة 05-01-2024 10:30 | كتب: متولي سالم"], "متولي سالم", None, ()),
    ],
)
def test_credits_of_several_lines(
    lines: list[str], byline: str | None, dateline: str | None, agencies: tuple[str, ...]
) -> None:
    outlet = outlet_of("alaraby", "https://www.alaraby.example/1")
    (parts,) = segment("\n".join([TITLE, *lines, *BODY]), Hints(title=TITLE, outlet=outlet))
    assert parts.body == BODY
    assert (parts.credit.byline, parts.credit.dateline, parts.credit.agencies) == (byline, dateline, agencies)


@pytest.mark.parametrize(
    ("line", "captions"),
    [
        ("الوزير خلال المؤتمر - صورة أرشيفية", [("الوزير خلال المؤتمر", "صورة أرشيفية")]),
        ("مراكب في الميناء (أ ف ب).", [("مراكب في الميناء", "أ ف ب")]),
        ("صورة من: Khaled Elfiqi/EPA", []),
        ("تصوير : سليمان العطيفي", []),
    ],
)
def test_captions_and_photographers_above_the_text(line: str, captions: list[tuple[str, str]]) -> None:
    (parts,) = segment("\n".join([TITLE, line, *BODY]), Hints(title=TITLE))
    assert (parts.body, parts.captions) == (BODY, captions)


def test_a_sentence_that_ends_in_brackets_is_no_caption() -> None:
    first = "أعلن مدير النادي استقالته من منصبه عبر تغريدات له في موقع التواصل الاجتماعي (تويتر)."
    (parts,) = segment("\n".join([first, *BODY]), Hints(title=TITLE))
    assert (parts.body, parts.captions) == ([first, *BODY], [])


def test_a_box_that_can_be_skipped() -> None:
    box = ["تخطى البودكاست وواصل القراءة", "البودكاست", "حلقة جديدة عن البحر", "نهاية"]
    (parts,) = segment("\n".join([BODY[0], *box, *BODY[1:]]), Hints(title=TITLE))
    assert parts.body == BODY
    assert [removal.text for removal in parts.removed] == box


@pytest.mark.parametrize("mark", ["(النهاية) ع ج ك / م ع ح", "// انتهى //", "-- انتهى --"])
def test_an_end_mark_on_the_last_line(mark: str) -> None:
    (parts,) = segment("\n".join([*BODY[:-1], f"{BODY[-1]} {mark}"]), Hints(title=TITLE))
    assert parts.body == BODY
    assert [(removal.text, removal.reason) for removal in parts.removed] == [(mark, Rule.END_MARK)]


@pytest.mark.parametrize("end", ["كانت تلك (النهاية) كما رآها.", "ينتهي العرض بعبارة (النهاية)"])
def test_the_word_end_in_a_sentence(end: str) -> None:
    (parts,) = segment("\n".join([*BODY, end]), Hints(title=TITLE))
    assert parts.body == [*BODY, end]


@pytest.mark.parametrize("name", ["نعمى الخطيب", "- عبد المطلوب مبارك البدراني", "رندا الوراد"])
def test_a_writers_name_below_the_text(name: str) -> None:
    (parts,) = segment("\n".join([*BODY, name]), Hints(title=TITLE))
    assert (parts.body, parts.credit.byline) == (BODY, name.strip("- "))


def test_what_others_read_now() -> None:
    box = ["يتم قراءة الآن", "أسعار المحروقات تتراجع مجددا"]
    (parts,) = segment("\n".join([*BODY, *box]), Hints(title=TITLE))
    assert parts.body == BODY
    assert [(removal.text, removal.reason) for removal in parts.removed] == [(line, Rule.RELATED) for line in box]


def test_a_reader_signs_below_a_question() -> None:
    question = "أفلا تستحق مدينتنا رصيفا واحدا يمشي عليه المسنون والأطفال؟"
    (parts,) = segment("\n".join([*BODY, question, "عبدالكريم السويلم"]), Hints(title=TITLE))
    assert (parts.body, parts.credit.byline) == ([*BODY, question], "عبدالكريم السويلم")


@pytest.mark.parametrize("line", ["وادي الدواسر", "ألعاب نارية", "باحث سعودي"])
def test_a_short_last_line_that_names_nobody(line: str) -> None:
    (parts,) = segment("\n".join([*BODY, line]), Hints(title=TITLE))
    assert (parts.body, parts.credit.byline) == ([*BODY, line], None)


def test_who_wrote_and_took_the_pictures() -> None:
    (parts,) = segment("\n".join([TITLE, "تحقيق وتصوير: هبة شعراوي", *BODY]), Hints(title=TITLE))
    assert (parts.body, parts.credit.byline, parts.captions) == (BODY, "هبة شعراوي", [])


def test_editors_and_agencies_of_the_last_line() -> None:
    (parts,) = segment("\n".join([*BODY, "ع.ج/ أ.ح (د ب أ، أ ف ب)"]), Hints(title=TITLE))
    assert (parts.body, parts.credit.agencies) == (BODY, ("د ب أ", "أ ف ب"))


def test_a_place_of_the_lead_beside_the_writers_name() -> None:
    (parts,) = segment("\n".join([f"القاهرة (رويترز) - {BODY[0]}", *BODY[1:]]), Hints(title=TITLE, author="منى السالم"))
    assert (parts.credit.byline, parts.credit.dateline) == ("منى السالم", "القاهرة")
