"""Words around a place name that tell what it is, or that it is none. All are folded as `search_text` folds.

The lists are this project's own, drawn up from the habits of Arabic news prose.
"""

from __future__ import annotations

from agents.text.search import search_text


def _fold(*words: str) -> frozenset[str]:
    return frozenset(search_text(word) for line in words for word in line.split())


#: What the next name is a division of a country.
DIVISION_WORDS = _fold(
    "محافظة محافظتي محافظتا محافظات ولاية ولايتي ولايتا ولايات إمارة مقاطعة مقاطعتي مقاطعات إقليم إقليمي",
    "لواء منطقة منطقتي",
    "مناطق ريف ريفي أمير إمارات",
)
#: What the next name is a town or village.
CITY_WORDS = _fold(
    "مدينة مدينتي مدينتا مدن بلدة بلدتي بلدتا بلدات قرية قريتي قريتا قرى قضاء ناحية مركز بلدية عاصمة",
    "العاصمة حاضرة ضاحية",
    "مستوطنة مستوطنتي مستوطنات هجرة أهالي سكان مديرية مديريتي مديريات دائرة وسط أمانة محافظ",
)
#: What the next name is smaller than a town.
POI_WORDS = _fold(
    "حي حيي أحياء مخيم مخيمي مخيمات معبر معبري معابر منفذ منفذي حاجز جسر ميدان ساحة دوار محور ممر مطار",
    "مطاري ميناء ميناءي قاعدة",
    "معسكر سجن حقل سد جبل جبال تل تلة تلال وادي هضبة سهل جبهة جبهتي مصفاة كورنيش مثلث مفاعل شاطئ مشعر",
)
#: What the next name is water, or an island in it.
WATER_WORDS = _fold("نهر نهري بحيرة بحر مضيق خليج قناة محيط واحة")
#: What the next name is land without a border of its own.
REGION_WORDS = _fold("جزيرة جزر أرخبيل شبه صحراء ساحل سواحل بادية أرياف")
#: What the next name is a state.
COUNTRY_WORDS = _fold("دولة جمهورية مملكة سلطنة بلاد")
#: Directions: what follows is somewhere, of whatever kind.
DIRECTION_WORDS = _fold(
    "شمال شمالي جنوب جنوبي شرق شرقي غرب غربي أطراف محيط مشارف تخوم قرب جوار ضواحي أنحاء حدود شوارع أجواء",
    "سماء قبالة داخل خارج",
    " بوسط تجاه باتجاه نحو",
)
#: Words after which a name with the article is a place, whether the gazetteer knows it or not, and its kind.
SMALL_PLACES = dict.fromkeys(_fold("حي قرية بلدة مخيم هجرة ضاحية"), "city") | dict.fromkeys(
    _fold("حي مخيم ضاحية"), "poi"
)
#: Words before a list of names: «محافظات حماة وحلب وحمص».
PLURAL_WORDS = _fold(
    "محافظتي محافظتا محافظات ولايتي ولايتا ولايات مقاطعتي مقاطعات إقليمي منطقتي مناطق إمارات مدينتي",
    "مدينتا مدن بلدتي بلدتا بلدات",
    "قريتي قريتا قرى مستوطنتي مستوطنات مديريتي مديريات حيي أحياء مخيمي مخيمات معبري معابر منفذي مطاري",
    "ميناءي جبهتي ريفي أرياف جزر",
)
#: Prepositions after which a name is more likely a place.
PREPOSITIONS = _fold("في من إلى على بين عبر لدى حول عن حتى منذ أن")
LOCATIVE = _fold("في إلى من نحو داخل خارج عبر باتجاه قرب تجاه صوب")

#: After these the name belongs to a club, paper, company, street or person and says nothing of where.
NOT_PLACE_BEFORE = _fold(
    "نادي فريق صحيفة جريدة مجلة قناة فضائية موقع شارع مستشفى جامعة مدرسة فندق شركة مجموعة بنك مصرف مؤسسة",
    "حزب كتيبة كتائب لواء",
    "سرايا دوري كأس أبطال مباراة جائزة معرض وكالة مسجد جامع عائلة أسرة قبيلة آل بن بنت ابن أبو أبي أبا أم",
    "عبد الشيخ الدكتور",
    "الأستاذ المهندس العميد اللواء العقيد المقدم الرائد النقيب الملازم السيد السيدة الحاج القاضي مدرب",
    "مهاجم لاعب الكابتن حارس",
    "د م أ العقيدي الفريق المواطن المواطنة الطفل الطفلة الشاب الشابة الفنان الفنانة المطرب الشاعر الكاتب",
    "الزميل نظيره",
)
#: Names that papers and channels share: between quotation marks alone, or after these words, they are the outlet.
OUTLET_NAMES = _fold(
    "الجزيرة الرياض الوطن المدينة الخليج القدس الاتحاد الأهرام الراية الشرق البيان المغرب الأناضول سبأ الوئام مكة"
) | {
    search_text("الشرق الأوسط"),
    search_text("القدس العربي"),
}
OUTLET_BEFORE = _fold(
    "صحيفة جريدة مجلة قناة فضائية موقع وكالة لصحيفة لقناة لجريدة بصحيفة وصحيفة وقناة بقناة مراسل مكتب"
)

#: Names that read as verbs once ل or ف stands before them.
VERB_LIKE = _fold("تدمر ينبع تعز تبوك")
#: Words of match reports, and clubs that bear a place's name: there they are the club, unless «في» says where.
SPORT_WORDS = _fold(
    "مباراة المباراة مباريات لاعب لاعبي اللاعب اللاعبين لاعبين مدرب المدرب هدف أهداف الدوري دوري كأس",
    "الفريق فريق نادي النادي المرمى",
    "مهاجم حارس ملعب الملعب الشوط الهداف المنتخب منتخب الجماهير الودية الكروية",
)
SPORT_REPORT = 5
CLUB_NAMES = _fold(
    "الخليج نجران هجر الرائد القادسية العين السد الريان الخور الوكرة الجزيرة الشارقة عجمان الزمالك الرياض",
    "الفجيرة الوحدة حطين الدرعية",
    "أبها الباطن برشلونة ليفربول ميلان فالنسيا إشبيلية نابولي روما جنوا تورينو فيرونا بوردو مرسيليا ليون",
    "موناكو باريس توتنهام نيوكاسل",
    "فولفسبورغ فولفسبورج بورتو بازل صور الفيوم أسوان الإسماعيلية المصري",
)
RELATIVES = _fold("الذي التي والذي والتي ما وما الذين")
#: Names that are both a state and the feminine nisba of it.
NISBA_LIKE = _fold("السعودية سورية") | {search_text("العربية السعودية")}
#: What may stand between a name and the region that holds it: «في ريف», «(شمال سوريا)», «بقطاع غزة».
CONTAINER_LINKS = (
    DIVISION_WORDS | CITY_WORDS | REGION_WORDS | COUNTRY_WORDS | DIRECTION_WORDS | _fold("في قطاع بشمال بجنوب")
)
