"""List words for kinds of organisations, as `normalise` spells them."""

from __future__ import annotations

from agents.entities.model.normalise import normalise, normalised_words

# Kinds of organisations: before a name that is no Arabic word they are not part of it («تنظيم داعش», «شركة أدنوك»).
HEADS = frozenset(
    map(normalise, ("تنظيم", "شركة", "مجموعة", "ميليشيا", "جماعة", "حركة", "نادي", "فريق", "مصرف", "بنك"))
)
# With these an adjective belongs to the name: «وزارة الخارجية», «القوات اللبنانية», «هيئة الإذاعة البريطانية».
_PLACES_OF_WORK = (
    "وزارة هيئة جامعة مجلس قوات حزب منظمة نقابة اتحاد وكالة صحيفة قناة محكمة لجنة مؤسسة جمعية منتخب كتائب جبهة"
    " تيار رابطة إدارة مديرية دائرة أمانة مركز معهد كلية مدرسة مستشفى شرطة جيش حكومة برلمان رئاسة سفارة غرفة بورصة"
    " مصلحة مكتب إذاعة تلفزيون خطوط طيران حلف مفوضية محافظة بلدية نيابة دار لواء تجمع ائتلاف تحالف ديوان"
)
KIND_WORDS = HEADS | normalised_words(_PLACES_OF_WORK)
