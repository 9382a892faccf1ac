"""List words around a name that show what kind of place it is, or that it is none; normalised by `search_text`.

The lists are this project's own, compiled from the usage of Arabic news.
"""

from __future__ import annotations

from agents.text.search import search_text


def _normalise(*words: str) -> frozenset[str]:
    return frozenset(search_text(word) for line in words for word in line.split())


#: Before the name of a division of a country.
DIVISION_WORDS = _normalise(
    "محافظة محافظتي محافظتا محافظات ولاية ولايتي ولايتا ولايات إمارة مقاطعة مقاطعتي مقاطعات إقليم إقليمي",
    "لواء منطقة منطقتي",
    "مناطق ريف ريفي أمير إمارات",
)
#: Before the name of a town or village.
CITY_WORDS = _normalise(
    "مدينة مدينتي مدينتا مدن بلدة بلدتي بلدتا بلدات قرية قريتي قريتا قرى قضاء ناحية مركز بلدية عاصمة",
    "العاصمة حاضرة ضاحية",
    "مستوطنة مستوطنتي مستوطنات هجرة أهالي سكان مديرية مديريتي مديريات دائرة وسط أمانة محافظ",
)
#: Before the name of something smaller than a town.
POI_WORDS = _normalise(
    "حي حيي أحياء مخيم مخيمي مخيمات معبر معبري معابر منفذ منفذي حاجز جسر ميدان ساحة دوار محور ممر مطار",
    "مطاري ميناء ميناءي قاعدة",
    "معسكر سجن حقل سد جبل جبال تل تلة تلال وادي هضبة سهل جبهة جبهتي مصفاة كورنيش مثلث مفاعل شاطئ مشعر",
)
#: Before the name of water, or of an island in it.
WATER_WORDS = _normalise("نهر نهري بحيرة بحر مضيق خليج قناة محيط واحة")
#: Before the name of land without a border of its own.
REGION_WORDS = _normalise("جزيرة جزر أرخبيل شبه صحراء ساحل سواحل بادية أرياف")
#: Before the name of a state.
COUNTRY_WORDS = _normalise("دولة جمهورية مملكة سلطنة بلاد")
#: Directions: before a place of any kind.
DIRECTION_WORDS = _normalise(
    "شمال شمالي جنوب جنوبي شرق شرقي غرب غربي أطراف محيط مشارف تخوم قرب جوار ضواحي أنحاء حدود شوارع أجواء",
    "سماء قبالة داخل خارج",
    " بوسط تجاه باتجاه نحو",
)
#: Words after which a name with the article is a place, even if the gazetteer does not have it; with its kind.
SMALL_PLACES = dict.fromkeys(_normalise("حي قرية بلدة مخيم هجرة ضاحية"), "city") | dict.fromkeys(
    _normalise("حي مخيم ضاحية"), "poi"
)
#: Words before a list of names: «محافظات حماة وحلب وحمص».
PLURAL_WORDS = _normalise(
    "محافظتي محافظتا محافظات ولايتي ولايتا ولايات مقاطعتي مقاطعات إقليمي منطقتي مناطق إمارات مدينتي",
    "مدينتا مدن بلدتي بلدتا بلدات",
    "قريتي قريتا قرى مستوطنتي مستوطنات مديريتي مديريات حيي أحياء مخيمي مخيمات معبري معابر منفذي مطاري",
    "ميناءي جبهتي ريفي أرياف جزر",
)
#: Prepositions after which a name is more likely a place.
PREPOSITIONS = _normalise("في من إلى على بين عبر لدى حول عن حتى منذ أن")
LOCATIVE = _normalise("في إلى من نحو داخل خارج عبر باتجاه قرب تجاه صوب")

#: After these the name belongs to a club, paper, company, street or person and is not a place of the story.
NOT_PLACE_BEFORE = _normalise(
    "نادي فريق صحيفة جريدة مجلة قناة فضائية موقع شارع مستشفى جامعة مدرسة فندق شركة مجموعة بنك مصرف مؤسسة",
    "حزب كتيبة كتائب لواء",
    "سرايا دوري كأس أبطال مباراة جائزة معرض وكالة مسجد جامع عائلة أسرة قبيلة آل بن بنت ابن أبو أبي أبا أم",
    "عبد الشيخ الدكتور",
    "الأستاذ المهندس العميد اللواء العقيد المقدم الرائد النقيب الملازم السيد السيدة الحاج القاضي مدرب",
    "مهاجم لاعب الكابتن حارس",
    "د م أ العقيدي الفريق المواطن المواطنة الطفل الطفلة الشاب الشابة الفنان الفنانة المطرب الشاعر الكاتب",
    "الزميل نظيره",
)
#: Names that places share with papers and channels: in quotation marks, or after these words, they are the outlet.
OUTLET_NAMES = _normalise(
    "الجزيرة الرياض الوطن المدينة الخليج القدس الاتحاد الأهرام الراية الشرق البيان المغرب الأناضول سبأ الوئام مكة"
) | {
    search_text("الشرق الأوسط"),
    search_text("القدس العربي"),
}
OUTLET_BEFORE = _normalise(
    "صحيفة جريدة مجلة قناة فضائية موقع وكالة لصحيفة لقناة لجريدة بصحيفة وصحيفة وقناة بقناة مراسل مكتب"
)

#: Names that read as verbs after ل or ف.
VERB_LIKE = _normalise("تدمر ينبع تعز تبوك")
#: Words of match reports, how many make one, and clubs named after places: in a report they are the club, unless
#: a preposition such as «في» precedes.
SPORT_WORDS = _normalise(
    "مباراة المباراة مباريات لاعب لاعبي اللاعب اللاعبين لاعبين مدرب المدرب هدف أهداف الدوري دوري كأس",
    "الفريق فريق نادي النادي المرمى",
    "مهاجم حارس ملعب الملعب الشوط الهداف المنتخب منتخب الجماهير الودية الكروية",
)
SPORT_REPORT = 5
CLUB_NAMES = _normalise(
    "الخليج نجران هجر الرائد القادسية العين السد الريان الخور الوكرة الجزيرة الشارقة عجمان الزمالك الرياض",
    "الفجيرة الوحدة حطين الدرعية",
    "أبها الباطن برشلونة ليفربول ميلان فالنسيا إشبيلية نابولي روما جنوا تورينو فيرونا بوردو مرسيليا ليون",
    "موناكو باريس توتنهام نيوكاسل",
    "فولفسبورغ فولفسبورج بورتو بازل صور الفيوم أسوان الإسماعيلية المصري",
)
RELATIVES = _normalise("الذي التي والذي والتي ما وما الذين")
#: Names that are both a state and the feminine nisba of it.
NISBA_LIKE = _normalise("السعودية سورية") | {search_text("العربية السعودية")}
#: Words that may occur between a name and the region that contains it: «في ريف», «(شمال سوريا)», «بقطاع غزة».
CONTAINER_LINKS = (
    DIVISION_WORDS | CITY_WORDS | REGION_WORDS | COUNTRY_WORDS | DIRECTION_WORDS | _normalise("في قطاع بشمال بجنوب")
)
