"""List the words that report speech, normalised as `agents.entities.model.normalise` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from agents.entities.model.normalise import normalise, normalised_words


class Form(Enum):
    """Who a reporting word says is speaking: a man, a woman or a thing, several, or whoever spoke last."""

    HE = auto()
    SHE = auto()
    THEY = auto()
    ANYONE = auto()


@dataclass(frozen=True, slots=True)
class ReportingWord:
    """Describe one form of a reporting word.

    Attributes:
        form: who speaks by it.
        participle: whether it continues the speech of the sentence's subject («مؤكدا أن»).
        needs_mark: whether only a colon or a quotation mark makes it report speech («كتب», «رد»).
    """

    form: Form
    participle: bool = False
    needs_mark: bool = False


# The past of «he», and the present of «he» without its ي where it is no other verb («يبلغ» mostly means «amounts to»).
_VERBS = (
    "قال/قول أضاف/ضيف أكد/ؤكد أعلن/علن صرح/صرح أوضح/وضح ذكر/ذكر أشار/شير لفت/لفت تابع/ شدد/شدد اعتبر/عتبر رأى/رى"
    " كشف/كشف أفاد/فيد نفى/نفي زعم/زعم ادعى/ حذر/حذر توقع/توقع نوه/نوه أردف/ردف استطرد/ستطرد تساءل/تساءل"
    " اعترف/عترف أقر/قر هدد/هدد تعهد/تعهد استدرك/ستدرك جزم/جزم رجح/رجح أخبر/خبر أبلغ/ روى/روي حكى/حكي"
)
_MARKED_VERBS = "كتب/كتب رد/رد علق/علق غرد/غرد ختم/ختم اختتم/ختتم أجاب/جيب هتف/هتف خاطب/خاطب وصف/صف"
_PARTICIPLES = (
    "قائل مضيف مؤكد معلن مصرح موضح ذاكر مشير لافت متابع مشدد معتبر كاشف مفيد ناف نافي زاعم مدعي محذر متوقع منوه مردف"
    " مستطرد متسائل معترف مهدد متعهد مستدرك مرجح مبين مستشهد معلق"
)


# These stand with the speaker after them: «بحسب الخبير».
SOURCES = normalised_words("بحسب حسب وفق وفقا حسبما")
# Words between a reporting word and what is said, beside the speaker: «قال … إن», «أكد … أن».
THAT = normalised_words("أن بأن")
THAT_PRONOUN = frozenset(
    f"{that}{pronoun}" for that in THAT for pronoun in ("ه", "ها", "هم", "هما", "هن", "نا", "ني", "ي", "ك", "كم", "نني")
)
# With these before it, «أن» begins another clause: «إلا أن», «بعد أن».
OTHER_CLAUSE = normalised_words(
    "إلا غير بيد بعد قبل منذ رغم حتى لكن سوى دون بدون كما بما لو لولا خشية شرط شريطة يمكن يجب ينبغي المتوقع المنتظر"
    " المقرر المرجح"
)
NEGATIONS = normalised_words("لا لم لن ما دون")
# «نقلت الوكالة عن الوزير قوله إن».
HIS_WORDS = normalised_words("قوله قولها قولهم تأكيده تأكيدها")
RELAYS = normalised_words("نقل نقلت نقلوا ينقل تنقل")
# «على حد قول الخبير», «على حد تعبيره».
BY_WORD_OF = normalised_words("قول تعبير وصف تعبيره تعبيرها قوله قولها وصفه وصفها")
# Before a person these mean another one, or no speaker: «محامي فلان», «المتحدث باسم الرئيس فلان», «مع نظيره فلان».
BESIDE_A_PERSON = normalised_words(
    "محامي محامية محامو نجل شقيق شقيقة والد والدة زوجة زوج ابن ابنة مستشار مستشارة مصدر مصادر مكتب مساعد مساعدة سكرتير"
    " باسم مقرب مقربة مقربون عائلة أسرة فريق دفاع أنصار موكل وكيل صديق زميل من عن إلى على مع لقاء تصريح نظيره لنظيره"
    " مقتل وفاة اغتيال أمام ضد حول بشأن خلال بعد قبل بين لدى برئاسة بقيادة"
)
TITLES = normalised_words(
    "الرئيس الوزير الأمير الأميرة الملك الملكة الشيخ الشيخة الدكتور الدكتورة السيد السيدة المهندس الأستاذ اللواء الفريق"
    " العميد العقيد الجنرال السفير السفيرة النائب النائبة المدرب اللاعب الكاتب الكاتبة المتحدث المتحدثة المسؤول"
    " المسؤولة المدير المديرة الخبير الخبيرة الباحث الباحثة المحلل القائد الزعيم المحامي القاضي الناطق الراحل"
    " السابق الحالي السلطان الوزيرة الرئيسة المدربة اللاعبة المحللة القاضية المرشح المرشحة الفنان الفنانة الممثل"
    " الممثلة المطرب النجم العالم الشاعر الشاعرة الصحافي الصحفي الناشط الناشطة المفوض المرحوم الأسير المتهم رئيس وزير"
    " رئيسة وزيرة مدير مديرة سفير مدرب"
)
# After a reporting word they do not name who speaks: «قال في تصريح», «وأضاف خلال».
ASIDE = normalised_words(
    "في خلال عبر أمس اليوم أيضا كذلك ردا تعليقا ضمن إثر عقب بعد قبل للصحفيين للصحافيين أمام لوكالة لصحيفة لقناة إلى على"
    " من عن بشأن حول مساء صباح هنا قائلا قائلة الشهر العام الأسبوع يوم السبت الأحد الاثنين الإثنين الثلاثاء الأربعاء"
    " الخميس الجمعة حينها آنذاك سابقا لاحقا مؤخرا بدوره بدورها قد هو هي لبي"
)
# After these a verb without a subject is that of whoever spoke before: «لكنه قال إن», «حيث قال».
BEFORE_A_VERB = normalised_words(
    "لكنه لكنها ولكنه ولكنها كما وكما حيث ثم قد وقد كان كانت وكان وكانت إذ جانبه جهته دوره جانبها جهتها"
)
# These begin a clause that is no longer reported: «، داعيا إلى», «، فيما أعلن».
NEW_CLAUSE = normalised_words("داعيا داعية مطالبا مطالبة معربا معربة واصفا واصفة فيما بينما")


@cache
def reporting_words() -> Mapping[str, ReportingWord]:
    """Map each form, normalised and without «و» and «ف» before it, to what it is."""
    found: dict[str, ReportingWord] = {}
    for verbs, needs_mark in ((_VERBS, False), (_MARKED_VERBS, True)):
        for pair in verbs.split():
            past, present = map(normalise, pair.split("/"))
            # «رأى» and «نفى» lose their last letter before the endings.
            stem = past[:-1] if past.endswith("ي") else past
            forms = {past: Form.HE, f"{stem}ت": Form.SHE, f"{stem}وا": Form.THEY, f"{stem}ا": Form.THEY}
            if present:
                forms |= {f"ي{present}": Form.HE, f"ت{present}": Form.SHE, f"ي{present}ون": Form.THEY}
            for form, kind in forms.items():
                found.setdefault(form, ReportingWord(kind, needs_mark=needs_mark))
    for word in map(normalise, _PARTICIPLES.split()):
        for form in (f"{word}ا", f"{word}ة", f"{word}ين"):
            found[form] = ReportingWord(Form.ANYONE, participle=True)
    # A form for «she» that is as well a noun or another verb.
    for form in ("ذكرا", "ردا", "ردت", "حذرا", "وصفا", "كتبا", "كشفا", "تابعا", "رايا", "اقرا"):
        found.pop(form, None)
    return found


@cache
def openers() -> frozenset[str]:
    """Return all words at which reported speech may begin, with «و» and «ف» before them too."""
    forms = [*reporting_words(), *RELAYS, "بين"]
    return frozenset(f"{before}{form}" for form in forms for before in ("", "و", "ف"))
