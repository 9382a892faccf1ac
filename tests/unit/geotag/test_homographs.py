"""Names that are spelt like other words: the words around them decide, in both directions."""

from __future__ import annotations

import pytest

from agents.geotag import homographs
from agents.geotag.homographs import forms_of
from tests.unit.geotag.conftest import Tag, entity


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ("وصل الوفد إلى قطر مساء الأحد.", "قاس العامل قطر الأنبوب قبل لحامه."),
        ("وقعت مصر اتفاقا مع جارتها.", "قال المدرب إنه مصر على موقفه."),
        ("وقعت مصر اتفاقا مع جارتها.", "أكد أن المجلس مصر أيضا على الطعن."),
        ("سقطت قذيفة في حمص ليلا.", "تصدر طبق حمص بالطحينة المائدة."),
        ("افتتح معرض في سوسة.", "أتلفت سوسة النخيل آلاف الأشجار."),
        ("أعلنت تشاد حالة الطوارئ.", "تشاد سائقان عند الإشارة."),
        ("زار الخبراء آثار تدمر.", "قالت اللجنة إن الألغام تدمر الحقول."),
        ("وقعت إسبانيا والمغرب اتفاقا.", "رفع المؤذن أذان المغرب."),
        ("هبطت الطائرة في مسقط.", "دفن الشاعر في مسقط رأسه."),
        ("تتوسط القاهرة في الصفقة.", "فاز القاهرة للغاز على ضيفه."),
        ("وقعت قطر اتفاقا مع جارتها.", "قدر الخبراء قطر العاصفة بمئة ميل."),
        ("هطل المطر على جدة ليلا.", "زارتهم جدة صديقتها مساء."),
        ("افتتح معرض في الشارقة.", "لفحت الشمس الشارقة وجوههم."),
        ("سجلت مدينة الرياض أربعين درجة.", "تنزه الزوار بين المروج والرياض الغناء."),
        ("جال الأمير في الباحة.", "وقف التلاميذ في الباحة حتى قرع الجرس."),
        ("وصلت شاحنات إلى عرعر.", "أوقد الراعي خشب عرعر."),
        ("سار الموكب إلى الطائف.", "راقب الحارس الطائف من بعيد."),
        ("وقع تفجير في الرقة.", "طغت الرقة على قصيدة الختام."),
        ("عاد السكان إلى الخرطوم.", "رفع إطفائي الخرطوم نحو السطح."),
        ("عقدت القمة في برشلونة.", "تعادل برشلونة في الدوري."),
        ("وقعت مصر اتفاقا مع جارتها.", "الحزب مصر على ترشيح أمينه."),
        ("هبطت الطائرة في نابولي.", "فاز ميلان على نابولي في الدوري."),
    ],
)
def test_the_words_around_distinguish_a_place_from_another_word(tag: Tag, place: str, other: str) -> None:
    assert tag(place)
    assert not tag(other)


def test_cues_outweigh_a_tagger_that_is_sure_of_a_place(tag: Tag) -> None:
    body = "قاس العامل قطر الأنبوب قبل لحامه."
    assert not tag(body, entities=[entity(body, "قطر", "LOC", 1.0)])


@pytest.mark.parametrize(
    "body",
    [
        "غنت الفنانة فلسطين السعدي ثلاث أغان.",
        "أعلن الوزير باريس هادسون استقالته.",
        "نعت الأسرة الحاجة مكة بنت سالم.",
        "سافر الرجل مع ابنته سوريا أمس.",
        "اختير اللاعب الناشئ عمان الزعبي.",
    ],
)
def test_a_person_s_name_is_no_place(tag: Tag, body: str) -> None:
    assert not tag(body)


@pytest.mark.parametrize("body", ["زار الوزير قطر أمس.", "غادر الرئيس القاهرة.", "اتهم السفير لبنان بالتقصير."])
def test_a_place_as_the_object_of_a_person_stays_one(tag: Tag, body: str) -> None:
    assert tag(body)


@pytest.mark.parametrize(
    ("place", "verb"),
    [
        ("وصل الوفد إلى دمشق ثم زار تدمر.", "وصل الوفد إلى دمشق ومعه أجهزة تدمر الألغام."),
        ("دخل الجيش السوري تدمر فجرا.", "دخلت دبابات تدمر السواتر."),
        ("غادر ينبع قبل الفجر.", "غادر وادي ماء ينبع قبل الفجر."),
        ("بلغ الموكب تعز ليلا.", "بلغ منزلة تعز على غيره."),
        ("دخلت القوات سرت مساء.", "بلغ الخبر الذي سرت حكايته كل بيت."),
    ],
)
def test_a_name_that_may_be_a_verb_is_the_place_as_the_object_of_a_verb(tag: Tag, place: str, verb: str) -> None:
    names = {"Palmyra", "Yanbu", "Taiz", "Sirte"}
    assert names & set(tag(place))
    assert not names & set(tag(verb))


def test_one_sense_holds_for_a_text_unless_a_mention_is_located(tag: Tag) -> None:
    assert not tag("فازت الروائية تونس حداد. وقالت تونس إنها سعيدة.")
    places = tag("فازت الروائية تونس حداد. وقد ولدت في تونس قبل نصف قرن.")
    assert [len(place.mentions) for place in places.values()] == [1]


def test_doubtful_names_are_rescued_by_what_stands_beside_them(tag: Tag) -> None:
    body = "حل الضباط المجلس في مالي بعد إطلاق نار في باماكو."
    assert "Mali" in tag(body, entities=[entity(body, "مالي", "LOC", 0.5), entity(body, "باماكو", "LOC")])
    assert {place.country for place in tag("ربط طريق جديد الرملة واللد.").values()} == {"IL"}
    assert len(tag("انتشرت القوات في الرمادي والقائم وهيت.")) == 3
    assert "Mali" in tag("قتل جنديان في مالي على الطريق إلى باماكو.")
    assert "Berkane" in tag("توجه الوفد من الدار البيضاء إلى بركان.")
    assert "Tyre" in tag("فاز مرشح مستقل في صور اللبنانية.")
    assert "Berkane" not in tag("تحول الشارع إلى بركان غضب.")


def test_oman_beside_its_capital_is_amman(tag: Tag) -> None:
    places = tag("استقبل الوزير الأردني في عمان نظيره، وبحثا خطا جويا بين عمان ومسقط. وستفتح سلطنة عمان قنصلية.")
    assert [len(places[name].mentions) for name in ("Amman", "Oman")] == [2, 1]


def test_a_way_to_a_capital_does_not_begin_in_its_country(tag: Tag) -> None:
    places = tag("غادر الملك عمان إلى مسقط في زيارة لسلطنة عمان.")
    assert [len(places[name].mentions) for name in ("Amman", "Oman")] == [1, 1]


def test_what_lies_ahead_does_not_contain_a_place(tag: Tag) -> None:
    assert tag("عبرت الشاحنات منفذ جديدة عرعر باتجاه العراق.")["Judaydat Arar"].country == "SA"


def test_towns_of_a_country_are_those_of_the_country(tag: Tag) -> None:
    assert "Oman" in tag("تعد صلالة ونزوى من أجمل مدن عمان في الخريف.")
    assert "Amman" in tag("زار الوفد مدينتي عمان والزرقاء.")


def test_forms_of_a_word() -> None:
    assert forms_of("والانبوب") == ["والانبوب", "الانبوب", "انبوب"]
    assert "الفنان" in forms_of("للفنان")


def test_a_table_with_an_unknown_sense_names_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        homographs, "read_table", lambda _: [{"name": "صور", "sense": "noun", "before": "", "after": "", "near": ""}]
    )
    homographs.homographs.cache_clear()
    with pytest.raises(ValueError, match=r"homographs\.csv:2: unknown sense 'noun'"):
        homographs.homographs()
    homographs.homographs.cache_clear()
