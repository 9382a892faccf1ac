"""Articles in, places out: which place, where it is named, how sure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.geotag.geotagger import Geotagger, geotag_article
from tests.unit.geotag.conftest import Tag, entity, make_article


def test_mentions_leave_clitics_out_and_group(tag: Tag) -> None:
    body = "وصل الوفد إلى القاهرة. وقال مسؤول بالقاهرة إن للقاهرة دورًا في الملف."
    place = tag(body)["Cairo"]
    assert [body[m.start : m.end] for m in place.mentions] == ["القاهرة", "القاهرة", "لقاهرة"]
    assert (place.country, place.kind) == ("EG", "city")
    assert (round(place.lat), round(place.lon)) == (30, 31)
    assert place.confidence > 0.9


@pytest.mark.parametrize(
    ("body", "name", "country"),
    [
        ("اشتبكت قوات حكومة الوفاق الليبية مع مسلحين في طرابلس قرب بنغازي.", "Tripoli", "LY"),
        ("نشر الجيش اللبناني قواته في طرابلس وبيروت بعد مواجهات في صيدا.", "Tripoli (Lebanon)", "LB"),
        ("التقى الملك الأردني الوفد في عمان ثم زار إربد.", "Amman", "JO"),
        ("بحثت سلطنة عمان مع الإمارات والكويت مشروعًا للطاقة.", "Oman", "OM"),
        ("سيطر المسلحون على مدينة الرقة السورية ثم تقدموا إلى دير الزور.", "Raqqa", "SY"),
        ("أغلقت إسرائيل الطريق إلى أريحا ونابلس.", "Jericho", "PS"),
        ("قصفت الطائرات أريحا وسراقب في ريف إدلب السورية.", "Ariha", "SY"),
    ],
)
def test_context_chooses_among_places_of_one_name(tag: Tag, body: str, name: str, country: str) -> None:
    assert tag(body)[name].country == country


def test_vowel_signs_distinguish_oman_from_amman(tag: Tag) -> None:
    assert "Oman" in tag("زار الوزير الأردني عُمان أمس.")
    assert "Amman" in tag("زار الوزير عمّان أمس.")


def test_the_word_before_distinguishes_division_from_city(tag: Tag) -> None:
    places = tag("قصفت المروحيات مدينة درعا، ثم امتد القتال إلى محافظة درعا كلها.")
    assert places["Daraa"].kind == "city"
    assert places["Daraa Governorate"].kind == "division"


def test_a_plural_speaks_of_all_names_in_its_list(tag: Tag) -> None:
    places = tag("تشمل الخطة محافظات حماة وحلب وحمص.")
    assert {place.kind for place in places.values()} == {"division"}
    assert len(places) == 3


def test_a_region_printed_beside_that_excludes_the_place_lowers_confidence(tag: Tag) -> None:
    place = tag("تصاعد الدخان فوق بيت ياحون بقطاع غزة.")["Beit Yahoun"]
    assert place.confidence <= 0.3
    assert place.country == "PS"
    assert tag("تصاعد الدخان فوق بيت ياحون في جنوب لبنان.")["Beit Yahoun"].country == "LB"


@pytest.mark.parametrize(
    ("body", "name", "country"),
    [
        ("حاول مهاجرون عبور السياج إلى مليلية في المغرب أمس.", "Melilla", "ES"),
        ("اقتحم المئات سبتة بالمغرب سباحة.", "Ceuta", "ES"),
        ("وصل المهاجرون إلى سبتة (المغرب).", "Ceuta", "ES"),
        ("جرى التدريب في كالينينغراد شمال بولندا.", "Kaliningrad", "RU"),
        ("اندلع القتال في شبعا بجنوب لبنان.", "Shebaa", "LB"),
    ],
)
def test_an_exclave_beside_the_land_around_it_is_no_contradiction(tag: Tag, body: str, name: str, country: str) -> None:
    place = tag(body)[name]
    assert place.country == country
    assert place.confidence > 0.5


def test_unlisted_quarters_stand_at_their_town(tag: Tag) -> None:
    body = "اندلع حريق في حي الزنبقات بجدة، وأخلي سكان حي الزنبقات."
    places = tag(body)
    quarter, town = places["الزنبقات"], places["Jeddah"]
    assert (quarter.lat, quarter.lon, quarter.kind) == (town.lat, town.lon, "poi")
    assert quarter.confidence < town.confidence
    assert len(quarter.mentions) == 2


@pytest.mark.parametrize(
    ("body", "name", "printed"),
    [
        ("وصل الوفد وبالقاهرة التقى الوزير، ثم عاد لِلْقَاهِرَةِ.", "Cairo", ["القاهرة", "لْقَاهِرَةِ"]),
        ("قُصفت مدينـة حلـــب أمس.", "Aleppo", ["حلـــب"]),
        ("زار كفر الشيخ ثم كفر-الشيخ وبكفر الشيخ.", "Kafr ash Shaykh", ["كفر الشيخ", "كفر-الشيخ", "كفر الشيخ"]),
        ("دخل القدس (أورشليم)، وسماها أورشليم القدس.", "Jerusalem", ["القدس", "أورشليم", "أورشليم القدس"]),
        ("اشتباكات في تَعِزّ، وتعزّز القوات مواقعها.", "Taiz", ["تَعِزّ"]),
        ("عُقد الاجتماع في جنيڤ أمس.", "Geneva", ["جنيڤ"]),
        ("افتتح المعرض في أبو ظبي، وأبوظبي، وابوظبي.", "Abu Dhabi", ["أبو ظبي", "أبوظبي", "ابوظبي"]),
        ("وسيطرت القوات على قريتي تل براك وتل حميس بريف الحسكة.", "Tell Hamis", ["تل حميس"]),
    ],
)
def test_spellings_and_where_they_stand(tag: Tag, body: str, name: str, printed: list[str]) -> None:
    assert [body[span.start : span.end] for span in tag(body)[name].mentions] == printed


@pytest.mark.parametrize(
    "body",
    [
        "عاد المصور بعد التقاط صور كثيرة.",
        "حرر المحضر رئيس الموسم الثقافي وكان مصيره مجهولا.",
        "كان حريصا على لجم الغضب، معربا عن شكره الجم.",
        "وأكد أحمد الزهراني وسعد المقرن أنه وجد البنتاغون مغلقا.",
        "قالت صحيفة «الشرق الأوسط» إن المحادثات تقدمت.",
        "بثت قناة الجزيرة المقابلة كاملة.",
        "فاز نادي النصر بهدفين في المباراة.",
        "ألقى القذائف عشوائيًا لتدمّر جميع الأبنية المحيطة.",
        "جاءوا لتدمر آلياتهم كل ما بقي.",
        "وقعت شركات الصناعات السعودية العقد.",
        "وجه شكره للشركات السعودية وللقوات السعودية.",
        "تعاقد ريال مدريد مع مدافع جديد.",
        "قال الرئيس باراك أوباما إن الوقت حان، وعقب جو بايدن على ذلك.",
        "كان بين من حضر إلى الحفل شاعر كبير.",
        "ولد الشاعر في الريف، وكان مسقط رأسه قرية صغيرة.",
    ],
)
def test_no_places_here(tag: Tag, body: str) -> None:
    assert tag(body) == {}


def test_the_tagger_vetoes_and_vouches(tag: Tag) -> None:
    body = "قال أحمد الخليل إن العمل بدأ، وأضاف أن الوفد غادر الخبر."
    person = entity(body, "أحمد الخليل", "PER")
    assert tag(body, entities=[person]) == {}
    both = [person, entity(body, "الخبر", "LOC")]
    assert set(tag(body, entities=both, source="alriyadh")) == {"Khobar"}


def test_clubs_of_a_place_are_no_place_in_a_match_report(tag: Tag) -> None:
    body = (
        "كسب الخليج المباراة بهدف، واستعاد الخليج صدارة الدوري، وقال المدرب إن كل لاعب قاتل. وأقيمت المباراة في الدمام."
    )
    assert set(tag(body)) == {"Dammam"}


def test_the_main_place_comes_first(tag: Tag) -> None:
    body = "وقع انفجار في بغداد صباح أمس، وقالت شرطة بغداد إن عشرة أصيبوا. ونددت فرنسا بالهجوم."
    assert next(iter(tag(body, title="انفجار في بغداد"))) == "Baghdad"


def test_the_main_place_is_a_field_of_its_own(geotagger: Geotagger) -> None:
    body = "وقع انفجار في تدمر صباح أمس، وقالت مصادر في تدمر إن عشرة أصيبوا. ونددت فرنسا بالهجوم."
    article = geotag_article(make_article(body), geotagger)
    assert article.main_place is not None
    assert (article.main_place.name, article.main_place.country, article.main_place.division) == ("تدمر", "SY", "حمص")
    assert article.main_place.point == article.geo[0]
    assert geotag_article(make_article("تصاعد الدخان فوق بيت ياحون."), geotagger).main_place is not None
    doubtful = geotag_article(make_article("تصاعد الدخان فوق بيت ياحون بقطاع غزة."), geotagger)
    assert doubtful.main_place is not None
    assert doubtful.main_place.name == "قطاع غزة"
    assert geotag_article(make_article("قال إن الوقت قد حان."), geotagger).main_place is None


def test_divisions(tag: Tag) -> None:
    places = tag("انتقل الوفد من بريدة إلى حي الزنبقات بجدة، ثم إلى خان يونس والبحر الأحمر ومحافظة حمص وفرنسا.")
    assert places["Buraydah"].division == "القصيم"
    assert places["Jeddah"].division == places["الزنبقات"].division == "مكة المكرمة"
    assert places["Khan Yunis"].division == "خان يونس"
    for name in ("Red Sea", "Homs Governorate", "France"):
        assert places[name].division is None


def test_dateline_and_outlet_count_as_context(tag: Tag) -> None:
    body = "بدأت في البيضاء أعمال ترميم السوق القديمة، وزارت لجنة مدينة البيضاء."
    assert next(iter(tag(body, dateline="بنغازي").values())).country == "LY"
    assert next(iter(tag(body, dateline="صنعاء").values())).country == "YE"


def test_other_languages_have_no_places(geotagger: Geotagger) -> None:
    article = geotag_article(make_article("Paris et Londres", language="fr"), geotagger)
    assert article.places == []
    assert article.geo == []


def test_geo_holds_each_point_once(geotagger: Geotagger) -> None:
    article = geotag_article(make_article("من مدينة حلب ومحافظة حلب إلى باريس."), geotagger)
    assert len(article.places) == 3
    assert len(article.geo) == 2


_PIECES = [
    "بغداد",
    "ولبنان",
    "للرياض",
    "محافظة",
    "حي",
    "بجدة",
    "«الجزيرة»",
    "،",
    "(",
    ")",
    "\n",
    "لتدمّر",
    "12",
    "في",
    "a",
    "ال",
    "ـ",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=6), min_size=1, max_size=25))
def test_any_text_gives_offsets_inside_it(pieces: list[str]) -> None:
    body = " ".join(pieces) + "."
    article = geotag_article(make_article(body), _shared())
    for place in article.places:
        assert place.mentions
        assert 0 <= place.confidence <= 1
        for span in place.mentions:
            assert 0 <= span.start < span.end <= len(body)
            assert body[span.start : span.end].strip() == body[span.start : span.end]


_loaded: list[Geotagger] = []


def _shared() -> Geotagger:
    if not _loaded:
        _loaded.append(Geotagger.load())
    return _loaded[0]


@pytest.mark.parametrize(
    ("body", "name", "country"),
    [
        # Between countries of a list
        ("شارك طلاب من العراق والأردن ولبنان والمغرب وعمان وفلسطين في المعسكر الصيفي.", "Oman", "OM"),
        ("نُفذت الحملة بمناطق الشيخ زويد والعريش ورفح في شمال سيناء بمصر.", "Rafah (Egypt)", "EG"),
        ("قصفت الطائرات الإسرائيلية رفح وخان يونس ومدينة غزة.", "Rafah", "PS"),
    ],
)
def test_the_list_around_a_name_says_which_place_it_is(tag: Tag, body: str, name: str, country: str) -> None:
    assert tag(body)[name].country == country


def test_after_a_division_in_a_list_comes_a_division(tag: Tag) -> None:
    body = "تشترك ناحية كفري في الحدود مع محافظة كركوك وصلاح الدين في العراق."
    assert tag(body)["Saladin Governorate"].kind == "division"


@pytest.mark.parametrize(
    ("body", "absent"),
    [
        # The pilgrimage
        ("تستعد الوزارة مبكرًا للحج هذا العام، وتدعو الراغبين إلى التسجيل للحج إلكترونيًا.", "Lahij"),
        # A hamza inside a verb
        ("قال سكان القرية الذين لجأوا إلى المدينة إن المسلحين أحرقوا بيوتهم.", "Java"),
        # A shield
        ("رجال الأمن يقفون درعا لحفظ الأمن في هذه البلاد.", "Daraa"),
        # A quarter of the town there
        ("انفجرت عبوة في حي اليرموك غربي بعقوبة في العراق، ونقل الجرحى إلى بغداد.", "al-Yarmūk"),
        # A question that is open
        ("قال المبعوث إن إرسال المراقبين أمر مطروح لكن لا بد أن يتوقف القتال أولًا.", "Matruh Governorate"),
        # Two universities
        ("اختارت الوزارة باحثين من جامعتي أم القرى والملك سعود.", "Mecca"),
    ],
)
def test_other_words_are_no_places(tag: Tag, body: str, absent: str) -> None:
    assert absent not in tag(body)


def test_towns_that_these_words_may_mean_are_still_found(tag: Tag) -> None:
    assert "Lahij" in tag("أرسلت الحكومة اليمنية تعزيزات من عدن إلى لحج بعد سقوط مواقع في اليمن.")
    assert "Daraa" in tag("أعلن المرصد السوري سقوط قتلى في درعا وريف دمشق.")
    assert "مخيم اليرموك" in {place.name for place in tag("دخلت قافلة إغاثة إلى مخيم اليرموك جنوب دمشق.").values()}
