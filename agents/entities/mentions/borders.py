"""Mend the borders of names after tagging, by what the news knows of their words.

A tagger that has not seen a name often takes a word too many («نعيم قاسم كلمة متلفزة») or too few («بشر» of «بشر
الخصاونة»), parts «نورة بنت» from «سعد», or takes a blessing for a name («حفظه الله»).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from agents.entities.bio import TagSpan
from agents.entities.model.features import WordEntry, core
from agents.entities.model.normalise import normalise, normalised_words
from agents.entities.organisation_kinds import HEADS

_ORGANISATIONS = Path(__file__).parents[1] / "data" / "organisations.csv"


# After these the next word belongs to a person's name, and before the first group the word before.
_LINKS = normalised_words("بن بنت ابن أبو أبي أبا آل ولد")
_OPEN = _LINKS | normalised_words("عبد")
_TITLES = normalised_words(
    "الملك الملكة الأمير الأميرة الشيخ الشيخة السلطان الرئيس الدكتور الدكتورة الأستاذ الأستاذة المهندس المهندسة السيد"
    " السيدة اللواء العميد العقيد المقدم الرائد النقيب الملازم الفريق المشير القاضي"
    " المحامي الوزير السفير النائب الإمام الحاج"
    " البابا القس المطران الشهيد الشهيدة الفنان الفنانة المستشار البروفيسور سمو صاحب معالي فضيلة سماحة سعادة جلالة"
    " فخامة"
)
_ORDINALS = normalised_words("الأول الثاني الثالث الرابع الخامس السادس السابع الثامن التاسع العاشر")
# Of kings and popes, who are numbered.
_CROWNED = normalised_words(
    "الملك ملك البابا بابا السلطان سلطان الأمير أمير القيصر قيصر الإمبراطور الخديوي خديوي الشاه شاه لويس"
    " البطريرك بطريرك الكاثوليكوس كاثوليكوس"
)
# «نجم الدين»
_RELIGION = normalise("الدين")
_OF_RELIGION = normalised_words(
    "نجم صلاح سيف نور عز شمس ضياء علاء محيي بهاء جمال شرف تقي زين بدر حسام عماد كمال خير سعد فخر شهاب تاج مجد"
)
_FOR_PARENTS = normalised_words("لأم لأبي لابن لبنت لوالد لوالدة")
_POPES = normalised_words("البابا")
_BLESSING = normalised_words(
    "حفظه حفظها حفظهم حفظهما رحمه رحمها رحمهم رحمهما أيده أيدها رعاه رعاها نصره أعزه سلمه وفقه شفاه أطال أدام رضي صلى"
    " تقبله غفر يحفظه يرحمه يرحمها أثابه جزاه بارك سدد وحفظه ورحمه ورعاه وأيده ووفقه أسعده أبقاه خلد طيب"
)
_AFTER_BLESSING = normalised_words("عنه عنها عنهم عليه وسلم ورعاه ثراه وأبقاه بعمره له وحفظه")
_GOD = normalise("الله")
_NO_NAMES = normalised_words("الحرام الشريفين بي أم أب إن أو ها هو هي ال لله الله بإذن والده والدته اليوم أمس")
# A word of the news is no part of a person's name if it is at least this frequent and less often one than that.
_KNOWN, _SELDOM = 3, 0.04
_FREQUENT = 200
# A word continues a name that the tagger broke off if the news hardly knows it, or mostly as part of persons' names.
_RARE, _MOSTLY = 4, 0.6
_SHORTEST = 4
# Least average probability of PER of a word that its introduction makes a person, and of LOC of one in a place's place.
_INTRODUCED, _PLACE = 0.3, 0.4
# Largest average probability of ORG of a word that is cut off behind a listed organisation.
_NOT_OF_IT = 0.1
_INTRODUCERS = normalised_words(
    "الطفل الطفلة الرضيع الرضيعة الشاب الشابة الفتاة الفتى المواطن المواطنة"
    " الفنان الفنانة المطرب المطربة الممثل الممثلة"
    " الكاتب الكاتبة الشاعر الشاعرة المخرج المخرجة اللاعب اللاعبة الشهيد الشهيدة المعلم المعلمة الناشط الناشطة"
    " نائبته نائبه زوجته زوجها شقيقته شقيقه شقيقها ابنته ابنه ابنها ابنتها والدته والده زميله زميلته مساعده مساعدته"
)
_BEFORE_PLACES = normalised_words(
    "في فوق إلى من قرب نحو داخل خارج شمال جنوب شرق غرب شمالي جنوبي شرقي غربي مدينة محافظة باتجاه وسط"
)
# A surname that is a title too follows a given name after these or another title: «المدير سامر القاضي».
_OFFICES = _INTRODUCERS | normalised_words(
    "المدير المديرة المدرب المدربة المهاجم المدافع الحارس الباحث الباحثة الخبير الخبيرة المحلل المحللة الناقد الناقدة"
    " الروائي الروائية الصحفي الصحفية الصحافي الصحافية الإعلامي الإعلامية المصور المصورة الطبيب الطبيبة المتحدث الناطق"
    " المتحدثة الوكيل الأمين العالم المفكر المؤرخ الموظف المستثمر"
)
# Between a given name and «إن» after a verb of speech stands the rest of the name, if it is none of these: «قال جيروم
# باول إن».
_SPEECH = normalised_words("قال قالت يقول تقول وقال وقالت فقال ويقول وتقول")
_SPEECH_REACH = 8
_THAT = normalise("إن")
_ADVERBS = normalised_words(
    "أمس اليوم غدا الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت أيضا مجددا لاحقا سابقا صباحا مساء له لها لهم لنا"
    " لي إنه أنه هنا هناك حينها عنه عنها فيه فيها به بها علنا صراحة مرارا رسميا كذلك بدوره"
    " بدورها بعدها قبلها آنذاك وقتها"
)
_BEFORE_PUBLISHERS = normalised_words("عن من لدى")
_HOUSE = normalise("دار")
_LONGEST_PERSON = 4
_CLITICS = frozenset("وبلفك")
# Before a listed organisation these say what it is.
_KINDS = HEADS | normalised_words("حزب")


@cache
def organisations() -> dict[str, list[tuple[str, ...]]]:
    """Read the list of organisations of several words, and of those whose one word means nothing else.

    Returns:
        The normalised words of each, by the first one, the longest first.

    Raises:
        OSError: the list is missing.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    with _ORGANISATIONS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = tuple(map(normalise, row["name"].split()))
            found.setdefault(words[0], []).append(words)
    return {first: sorted(names, key=len, reverse=True) for first, names in found.items()}


def mended(tokens: Sequence[str], found: Sequence[TagSpan], words: Mapping[str, WordEntry]) -> list[TagSpan]:
    """Mend the borders of the spans of one sentence, and drop those that are no names.

    Args:
        tokens: tokens of the sentence, as printed.
        found: its spans, left to right.
        words: what the news knows of normalised words; if empty, statistics decide nothing.

    Returns:
        The spans, left to right, none overlapping another.
    """
    plain = [core(token) for token in tokens]
    spans = _without_blessings(plain, _with_organisations(plain, found, words))
    spans = _with_introduced(plain, spans, words)
    spans = _joined(plain, spans)
    result: list[TagSpan] = []
    for number, span in enumerate(spans):
        end = spans[number + 1].start if number + 1 < len(spans) else len(plain)
        better = _person(plain, span, end, words) if span.kind == "PER" else span
        if better is not None and not (better.end - better.start == 1 and plain[better.start] in _NO_NAMES):
            result.append(better)
    return result


def _with_organisations(
    plain: Sequence[str], found: Sequence[TagSpan], words: Mapping[str, WordEntry]
) -> list[TagSpan]:
    """Add listed organisations, in place of what they cover.

    A longer one that was found stays, unless it ends with a word that is seldom part of one («مجلس الاحتياطي الاتحادي
    الفائدة») or begins with what kind it is («حزب القوات اللبنانية»).
    """
    listed = organisations()
    spans = list(found)
    start = 0
    while start < len(plain):
        length = 0
        for first in _without_clitics(plain[start]):
            for name in listed.get(first, ()):
                if tuple(plain[start + 1 : start + len(name)]) == name[1:]:
                    length = max(length, len(name))
                    break
        if length:
            end = start + length
            over = [span for span in spans if span.start < end and span.end > start]
            longer = any(
                span.start <= start
                and span.end >= end
                and (span.kind == "ORG" or span.end - span.start > length)
                and not (span.start == start and span.end == end + 1 and _is_beside(plain[end], words))
                and not (span.start == start - 1 and span.end == end and plain[span.start] in _KINDS)
                for span in over
            )
            if not longer:
                spans = [span for span in spans if span not in over] + [TagSpan(start, end, "ORG")]
            start = end
        else:
            start += 1
    return sorted(spans)


def _without_clitics(word: str) -> tuple[str, ...]:
    """Return a word and what it is without the clitics that may stand before an organisation."""
    if word[0] not in _CLITICS:
        return (word,)
    return (word, word[1:], f"ال{word[2:]}") if word.startswith("لل") else (word, word[1:])


def _is_beside(word: str, words: Mapping[str, WordEntry]) -> bool:
    entry = words.get(word)
    return entry is not None and entry.count >= _KNOWN and entry.kinds[2] < _NOT_OF_IT


def _with_introduced(plain: Sequence[str], spans: Sequence[TagSpan], words: Mapping[str, WordEntry]) -> list[TagSpan]:
    """Add names that the word before introduces: «الطفل يزن», «نائبته أسماء الشرباتي», «فوق صعدة», «عن دار المدى»."""
    taken = {at for span in spans for at in range(span.start, span.end)}
    added = []
    for at in range(1, len(plain)):
        if at in taken or not words or not plain[at][:1].isalpha():
            continue
        before, entry = plain[at - 1], words.get(plain[at])
        if before in _INTRODUCERS and at - 1 not in taken and not plain[at].startswith("ال"):
            follows = at + 1 < len(plain) and at + 1 not in taken and _goes_on(plain[at + 1], words)
            aged = at + 2 < len(plain) and plain[at + 1] == "(" and plain[at + 2][:1].isdigit()
            if follows or aged or (entry is not None and entry.kinds[0] >= _INTRODUCED):
                added.append(TagSpan(at, at + 1 + follows, "PER"))
                taken.update({at, at + follows})
        elif before in _BEFORE_PLACES and entry is not None and entry.kinds[1] >= _PLACE and entry.places:
            added.append(TagSpan(at, at + 1, "LOC"))
            taken.add(at)
        elif before == _HOUSE and at > 1 and plain[at - 2] in _BEFORE_PUBLISHERS and plain[at].startswith("ال"):
            added.append(TagSpan(at - 1, at + 1, "ORG"))
            taken.update({at - 1, at})
    return sorted([*spans, *added])


def _without_blessings(plain: Sequence[str], spans: Sequence[TagSpan]) -> list[TagSpan]:
    """Cut blessings out of spans: «الملك سلمان حفظه الله» is «الملك سلمان»."""
    blessed: set[int] = set()
    for at, word in enumerate(plain[:-1]):
        if word in _BLESSING and plain[at + 1] == _GOD:
            last = at + 2
            while last < len(plain) and plain[last] in _AFTER_BLESSING:
                last += 1
            blessed.update(range(at, last))
    result = []
    for span in spans:
        rest = [at for at in range(span.start, span.end) if at not in blessed]
        if rest:
            # A blessing follows a name: what is left of it is what stands before.
            end = next((at for at in range(rest[0], span.end) if at in blessed), span.end)
            result.append(TagSpan(rest[0], end, span.kind))
    return result


def _joined(plain: Sequence[str], spans: Sequence[TagSpan]) -> list[TagSpan]:
    """Join persons that a link parts: «نورة بنت» and «سعد», «تيسير» and «أبو سنينة»."""
    result: list[TagSpan] = []
    for span in spans:
        before = result[-1] if result else None
        if (
            before is not None
            and before.kind == span.kind == "PER"
            and before.end == span.start
            and (plain[before.end - 1] in _OPEN or plain[span.start] in _LINKS)
        ):
            result[-1] = TagSpan(before.start, span.end, "PER")
        else:
            result.append(span)
    return result


def _person(plain: Sequence[str], span: TagSpan, most: int, words: Mapping[str, WordEntry]) -> TagSpan | None:
    start, end = span.start, span.end
    while start < end and plain[start] in _TITLES and plain[start] not in _CROWNED:
        start += 1
    if start == end or all(plain[at] in _TITLES - _POPES for at in range(start, end)):
        return None
    if (
        end - start > 2
        and plain[end - 1] in _ORDINALS
        and plain[start] not in _OPEN
        and not any(plain[at] in _CROWNED for at in range(max(start - 2, 0), end))
    ):
        end -= 1
    # «لأم سعيد» is another person's.
    end = next((at for at in range(start + 2, end) if plain[at] in _FOR_PARENTS), end)
    while end - start > 2 and _seldom_in_names(plain[end - 1], words):
        end -= 1
    # A frequent word that is no name ends it too: «نعيم قاسم كلمة متلفزة».
    end = next((at for at in range(start + 2, end) if _never_in_names(plain[at], words)), end)
    while end < most and end - start < _LONGEST_PERSON and (plain[end - 1] in _OPEN or _goes_on(plain[end], words)):
        if not plain[end][:1].isalpha():
            break
        end += 1
    end += _rest_of_compound(plain, start, end, most)
    if end - start == 1 and end < most and _completes(plain, start, words):
        end += 1
    return TagSpan(start, end, "PER")


def _rest_of_compound(plain: Sequence[str], start: int, end: int, most: int) -> int:
    """Return how many words after a person belong to a compound: «سوزان نجم الدين», «تواضروس الثاني»."""
    if end < most and plain[end] == _RELIGION and plain[end - 1] in _OF_RELIGION and end - start > 1:
        return 1
    if end + 1 < most and plain[end] in _OF_RELIGION and plain[end + 1] == _RELIGION:
        return 2
    numbered = end < most and end - start == 1 and plain[end] in _ORDINALS
    return int(numbered and any(plain[at] in _CROWNED for at in range(max(start - 3, 0), start)))


def _completes(plain: Sequence[str], at: int, words: Mapping[str, WordEntry]) -> bool:
    """Return whether the word after a given name belongs to it whatever the news knows of it.

    «قال المتحدث يحيى سريع إن», «المدير سامر القاضي».
    """
    after = plain[at + 1]
    if not after[:1].isalpha() or after in _ADVERBS or len(after) < _SHORTEST - 1:
        return False
    if after in _TITLES and after.startswith("ال"):
        follows = plain[at + 2] if at + 2 < len(plain) else ""
        return at > 0 and plain[at - 1] in _TITLES | _OFFICES and not _goes_on(follows, words) and follows not in _OPEN
    entry = words.get(after)
    # Most words that end so are adverbs: «مازحا».
    if after.endswith("ا") and (entry is None or entry.kinds[0] < _INTRODUCED):
        return False
    before = plain[max(at - _SPEECH_REACH, 0) : at]
    return at + 2 < len(plain) and plain[at + 2] == _THAT and not _SPEECH.isdisjoint(before)


def _seldom_in_names(word: str, words: Mapping[str, WordEntry]) -> bool:
    if len(word) < _SHORTEST - 1 or word in _LINKS or word in _ORDINALS or word.startswith("ال"):
        return False
    entry = words.get(word)
    return entry is not None and entry.count >= _KNOWN and sum(entry.kinds) < _SELDOM


def _never_in_names(word: str, words: Mapping[str, WordEntry]) -> bool:
    entry = words.get(word)
    return _seldom_in_names(word, words) and entry is not None and entry.count >= _FREQUENT


def _goes_on(word: str, words: Mapping[str, WordEntry]) -> bool:
    """Return whether a word after a person is likely the rest of the name: «بشر الخصاونة»."""
    if not words or len(word) < _SHORTEST or word[0] in "وفبلك" or word in _TITLES:
        return False
    entry = words.get(word)
    if entry is not None and entry.count >= _RARE:
        return entry.kinds[0] >= _MOSTLY
    rest = words.get(word[2:])
    return word.startswith("ال") and not word.endswith("ية") and (rest is None or rest.count < _RARE)
