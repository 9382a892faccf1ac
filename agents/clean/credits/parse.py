"""Parse credit lines such as «فلان - جدة» or «لندن: رويترز»: who wrote an article, where and for whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import chain

from agents.clean.credits.date_lines import without_dates
from agents.clean.credits.name_tables import (
    ends_in_particle,
    is_agency,
    is_description,
    is_outlet_like,
    is_place,
    is_role,
    is_source,
    key_of,
    names,
    person_certainty,
)
from agents.clean.credits.outlet import NOBODY, Outlet

_SEPARATOR_RE = re.compile(
    r"\s*[/:،,؛;|()\[\]{}\t«»\"“”_+&◆●•·⁄▪■✦]+\s*|\s{2,}|\s+[-–—ـ]+\s*|\s*[-–—ـ]+\s+|(?<=[\u0621-\u064a])[-–—]+(?=[\u0621-\u064a])"
    r"|\s+and\s+"
)
# Writers' accounts and mail addresses: «فلان (جدة) falan@».
_HANDLE_RE = re.compile(r"\S*@\S*")
# «🇱🇧 فلان», «✍️ فلان»
_PICTURE_RE = re.compile(r"[\u2190-\u21ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+")
_IN_RE = re.compile(r"\s+في$")
# «مراسلة الضفة في القدس», «موفد الجزيرة إلى بيروت»
_IN_PLACE_RE = re.compile(r"(?:^|\s+)(?:في|إلى|الى)\s+")
_LETTERED_RE = re.compile(r"(?<!\w)[\u0621-\u064a](?: [\u0621-\u064a]){2,3}(?!\w)")
_DAY_AND_MONTH_RE = re.compile(r"(?<![\w/-])[\d٠-٩]{1,2}\s?[-/]\s?[\d٠-٩]{1,2}(?![\w/-])")
_ENGLISH_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}"
_ENGLISH_DAY_RE = re.compile(rf"\b(?:{_ENGLISH_MONTH}\.? \d{{1,2}}|\d{{1,2}} {_ENGLISH_MONTH})\b(?:,? \d{{4}})?")
_LINE_BREAK_RE = re.compile(r"\s*\n\s*")
_LETTER_RE = re.compile(r"[^\W\d_]")
_SENTENCES_RE = re.compile(r"\.\.|[^\W\d_]{3}\.\s")
_SIGN_RE = re.compile(r"[-–—ـ/:|(«\"“]")
_COMMA_RE = re.compile(r"[،,؛]|\s{2,}|\sو")
_AND_RE = re.compile(r" و(?=\S{3})")
_AND_WORD_RE = re.compile(r" (و\S{3,})")
_NISBA_RE = re.compile(r"ال\S+ي$")
_FROM_RE = re.compile(r"(?:^|\s)من\s+")
_PLAIN_RE = re.compile(r"[\u0621-\u0652\u0670]{3,}(?: [\u0621-\u0652\u0670]{2,}){0,2}")
_TOWN_RE = re.compile(r"(?P<town>[^():،/–—-]{2,30})\((?P<country>[^()]{2,20})\)")
_QUOTED_RE = re.compile(r"[«\"“]([^«»\"“”]{2,30})[»\"”]")
_BARS = frozenset({"|", "&", "+"})
# «بقلم: فلان ترجمة: علان»
_INNER_LABEL_RE = re.compile(
    r"(?<=[\w.)»])\s+(?=(?:ترجم[ةه]ا?|تحرير|تصوير|عدسة|مراجعة|تدقيق|إعداد|اعداد|حوار|مونتاج|إخراج)\s?[:：])"
)
# «محرر الشؤون المحلية – فلان»: the desk of a writer, which is no headline's subject as ministers are
_DESK_RE = re.compile(r"(?:ال)?(?:محرر|صحفي|صحافي|كاتب|إعلامي|اعلامي)[ةه]?(?!\w)")
_COLON_RE = re.compile(r"[:：]")
# What parts the names in an author field that are known to be of several people
NAMES_APART = " | "
_DECORATION = " \t\u00a0*•·-–—ـ.:،,_"
MAX_CREDIT_CHARS = 90
# Author fields name up to a dozen correspondents; anything longer is a text.
_MAX_FIELD_CHARS = 400
_MAX_PARTS = 12
_MAX_DOUBTS = 2
_MAX_PLACED_NAME = 3
# What nobody is called without the article: «صحفي», «باحثة»
_CALLINGS = ("في", "كاتب", "باحث", "علامي", "كاديمي")


@dataclass(frozen=True, slots=True)
class Credit:
    """Content of a credit line.

    Attributes:
        byline: the author's name alone, several separated by a comma; None if no person is named.
        dateline: the place alone.
        agencies: agencies and outlets credited, as printed.
        parts: number of parts in the line.
        places_only: whether it names only places, as headings do too.
        certain: whether every part was understood, and at least one beyond doubt.
        likely: whether every part was understood, but one or two only from the parts beside them.
    """

    byline: str | None = None
    dateline: str | None = None
    agencies: tuple[str, ...] = ()
    parts: int = 0
    places_only: bool = False
    certain: bool = False
    likely: bool = False


class _Kind(IntEnum):
    PERSON = 1
    PERHAPS = 2
    PLACE = 3
    PERHAPS_PLACE = 4
    SOURCE = 5
    ROLE = 6
    PHOTOGRAPHER = 7
    UNKNOWN = 8
    PLACE_OR_SOURCE = 9
    OTHER = 10  # a part of a credit line that is not reported: an outlet, a writer's surname, what the writer is


_Part = tuple[_Kind, str]
_PEOPLE = frozenset({_Kind.PERSON, _Kind.PERHAPS})
_DOUBTFUL = frozenset({_Kind.PERHAPS, _Kind.PERHAPS_PLACE, _Kind.UNKNOWN})


def parse_credit(text: str, outlet: Outlet = NOBODY) -> Credit:
    """Parse a credit line or an author field.

    Understands name, place and source in any order between dashes, colons, slashes, commas, brackets or wide gaps;
    `X من Y`; `مراسل X في Y`; several writers, also on lines of their own; role words («كتب», «حوار»); what a writer is
    («كاتبة وباحثة»); and photographers («تصوير»), who are not the author. An unknown part before the name of the paper
    is a writer, one after it a town. Dates, weekdays and accounts of writers, which some outlets print in the line, are
    ignored.

    Args:
        text: the line, display text.
        outlet: the outlet that published the page.
    """
    if len(text) > _MAX_FIELD_CHARS or (len(text) > MAX_CREDIT_CHARS and _SENTENCES_RE.search(text) is not None):
        return Credit()
    return _parse(text, outlet)


# Outlets sign many articles alike.
@lru_cache(maxsize=4096)
def _parse(text: str, outlet: Outlet) -> Credit:
    if "\n" in text:
        text = _LINE_BREAK_RE.sub("، ", text.strip())
    whole = " ".join(text.split())
    if whole != text and _SIGN_RE.search(text) is None and not is_place(whole.rpartition(" ")[2]):
        # «سلمان بن محمد  العامر»: one name, carelessly spaced.
        text = whole if person_certainty(whole.strip(_DECORATION)) > 1 else text
    if ":" in text or "：" in text:
        text = _INNER_LABEL_RE.sub(" | ", text)
    read = _kinds(_bare(text), outlet)
    towns = _towns_with_country(text)
    read = [(_Kind.PLACE if part in towns and not is_source(part) else kind, part) for kind, part in read]
    if any(kind is _Kind.UNKNOWN and not _PLAIN_RE.fullmatch(part) for kind, part in read) or len(read) > _MAX_PARTS:
        # A sentence, not a credit: pairs of its words are not names.
        read = [(_Kind.UNKNOWN if kind is _Kind.PERHAPS else kind, part) for kind, part in read]
    guessed = _guess(read, text)
    if any(kind is _Kind.UNKNOWN for kind, _ in guessed):
        guessed = [(kind, part) for kind, part in guessed if kind is not _Kind.PERHAPS]
    places = [part for kind, part in guessed if kind is _Kind.PLACE]
    sources = [part for kind, part in guessed if kind is _Kind.SOURCE]
    doubts = sum(kind in _DOUBTFUL for kind, _ in read)
    kinds = {kind for kind, _ in read}
    return Credit(
        byline="، ".join(part for kind, part in guessed if kind in (_Kind.PERSON, _Kind.PERHAPS)) or None,
        dateline=places[0] if places else None,
        agencies=tuple(dict.fromkeys(sources)),
        parts=len(read),
        places_only=all(kind is _Kind.PLACE for kind, _ in guessed),
        certain=not doubts and bool(kinds & {_Kind.PERSON, _Kind.PLACE, _Kind.SOURCE}),
        likely=0 < doubts < len(read)
        and doubts <= _MAX_DOUBTS
        and all(kind is not _Kind.UNKNOWN for kind, _ in guessed)
        and bool(kinds & {_Kind.PLACE, _Kind.SOURCE}),
    )


def _bare(text: str) -> str:
    """Remove dates, weekdays and accounts from the line."""
    text = _HANDLE_RE.sub(" ", text) if "@" in text else text
    text = _PICTURE_RE.sub(" ", text)
    if len(text) > MAX_CREDIT_CHARS or not any(map(str.isdecimal, text)):
        return text
    # The letters of «و م ع» would pass for abbreviations beside dates («م»).
    bare: list[str] = []
    end = 0
    for match in _LETTERED_RE.finditer(text):
        if is_agency(match.group()):
            bare += (_without_days(text[end : match.start()]), match.group())
            end = match.end()
    bare.append(_without_days(text[end:]))
    return "".join(bare)


def _without_days(text: str) -> str:
    """Remove dates, also days as «5 - 3», which prove nothing elsewhere."""
    return _ENGLISH_DAY_RE.sub(" / ", _DAY_AND_MONTH_RE.sub(" / ", without_dates(text)))


def _kinds(text: str, outlet: Outlet) -> list[_Part]:
    """Classify each part of the line by itself and by the role before it."""
    found: list[_Part] = []
    photographer = editor = False
    edited: set[int] = set()
    for part in _parts(text):
        kind = _kind(part, found, text, outlet, photographer=photographer)
        if kind is _Kind.ROLE:
            photographer, editor = key_of(part) in names().photo_roles, key_of(part) in names().editor_roles
        elif editor and kind in _PEOPLE:
            edited.add(len(found))
        if kind is not None:
            found.append((kind, part))
    if any(kind in _PEOPLE and at not in edited for at, (kind, _) in enumerate(found)):
        # Beside a writer, who translated or edited the text has not written it.
        found = [(_Kind.OTHER if at in edited else kind, part) for at, (kind, part) in enumerate(found)]
    if len(found) > 1 and _COLON_RE.search(text) is None and any(kind is _Kind.PERSON for kind, _ in found):
        found = [
            (_Kind.OTHER if kind is _Kind.UNKNOWN and _DESK_RE.match(part) else kind, part) for kind, part in found
        ]
    found = [
        (_settled(found, number, outlet) if kind is _Kind.PLACE_OR_SOURCE else kind, part)
        for number, (kind, part) in enumerate(found)
    ]
    kinds = {kind for kind, _ in found}
    if _Kind.PLACE not in kinds:
        # Without a better place beside it, a small town is the place.
        found = [(_Kind.PLACE if kind is _Kind.PERHAPS_PLACE else kind, part) for kind, part in found]
    return found


def _kind(part: str, before: list[_Part], text: str, outlet: Outlet, *, photographer: bool) -> _Kind | None:
    """Classify one part of the line; return None if it holds no letter.

    Args:
        part: the part.
        before: the parts before it.
        text: the whole line.
        outlet: the outlet that published the page.
        photographer: whether the last role in the line announces a photographer.
    """
    table = names()
    key = key_of(part)
    certainty = person_certainty(part)
    role = key_of(before[-1][1]) if before and before[-1][0] is _Kind.ROLE else ""
    strong = key in table.strong
    kind: _Kind | None = _Kind.UNKNOWN if _LETTER_RE.search(part) is not None else None
    if key in table.sections or is_role(key):
        kind = _Kind.ROLE
    elif role in table.correspondents and not certainty:
        kind = _Kind.PLACE if strong and not outlet.owns(part) else _Kind.SOURCE
    elif key in table.outlets and key in table.datelines:
        kind = _Kind.PLACE_OR_SOURCE
    elif key in table.agencies or key in table.outlets:
        kind = _Kind.SOURCE
    elif strong:
        # «عمّان - الرياض» of the paper «الرياض»
        paper = any(other is _Kind.PLACE for other, _ in before) and outlet.owns(part)
        kind = _Kind.SOURCE if paper else _Kind.PLACE
    elif (
        outlet.is_named(part)
        or (certainty < 2 and outlet.owns(part))
        or (is_outlet_like(part) and (certainty < 2 or key in outlet.printed))
    ):
        kind = _Kind.SOURCE
    elif key in table.places:
        kind = _Kind.PERHAPS_PLACE
    elif is_description(part) and certainty < 2:
        kind = _Kind.OTHER if any(other in _PEOPLE for other, _ in before) else _Kind.UNKNOWN
    elif photographer:
        kind = _Kind.PHOTOGRAPHER
    elif certainty:
        signed = role in table.writer_roles and (":" in text or part.isascii())
        kind = _Kind.PERSON if certainty == 2 or signed else _Kind.PERHAPS
    return kind


def _settled(parts: list[_Part], number: int, outlet: Outlet) -> _Kind:
    """Decide whether «القدس», «عمان» or «المدينة», both town and paper, is here the one that no other part is."""
    kinds = [kind for kind, _ in parts]
    town = _Kind.PLACE in kinds
    if outlet.owns(parts[number][1]):
        # «واس - المدينة»: with another source and no other place, the paper's name is the town here.
        return _Kind.PLACE if _Kind.SOURCE in kinds and not town else _Kind.SOURCE
    return _Kind.SOURCE if town and len(parts) == 2 and number == 0 else _Kind.PLACE


def _guess(parts: list[_Part], text: str) -> list[_Part]:
    """Classify doubtful parts from the parts beside them and the signs between."""
    kinds = [kind for kind, _ in parts]
    signs = len(_SIGN_RE.findall(text))
    guessed: list[_Part] = []
    for number, (kind, part) in enumerate(parts):
        guess = kind
        if kind is _Kind.PERHAPS_PLACE:
            guess = _lesser_place(parts, number, text)
        elif kind in _DOUBTFUL and _PLAIN_RE.fullmatch(part) and key_of(part) not in names().not_names:
            if _Kind.PLACE in kinds:
                guess = _beside_place(parts, number, text) if signs else kind
            elif _Kind.PERSON in kinds or _after_source(kinds, number):
                # «الضفة - غياث الرفاعي»: towns of two words do not end like surnames.
                named = kind is _Kind.PERHAPS and " " in part and _NISBA_RE.match(part.rpartition(" ")[2]) is not None
                # «الضفة – ديان جنباز | حسن إبراهيم»: a bar parts two writers.
                named = named or (kind is _Kind.PERHAPS and _joined(parts, number, text))
                guess = _Kind.PERSON if named else _Kind.PLACE
        guessed.append((guess, part))
    return guessed


def _joined(parts: list[_Part], number: int, text: str) -> bool:
    """Return whether only a bar or «&» parts a name from a person's in the line."""
    for one, two in ((number, number + 1), (number - 1, number)):
        if one >= 0 and two < len(parts) and _Kind.PERSON in (parts[one][0], parts[two][0]):
            start = text.find(parts[one][1]) + len(parts[one][1])
            if text[start : text.find(parts[two][1], start)].strip() in _BARS:
                return True
    return False


def _lesser_place(parts: list[_Part], number: int, text: str) -> _Kind:
    """Classify a small town's name beside a better-known place: «بيدر (جدة)» is a source."""
    part = parts[number][1]
    if " " in part or any(kind is _Kind.SOURCE for kind, _ in parts):
        return _Kind.PLACE
    return _Kind.SOURCE if re.search(rf"{re.escape(part)}\s*\(", text) else _Kind.OTHER


def _beside_place(parts: list[_Part], number: int, text: str) -> _Kind:
    """Classify a part beside a place, which may be an unknown paper: «الكويت: «المرفأ»», «فلان - الميناء - بيروت»."""
    kind, part = parts[number]
    kinds = [other for other, _ in parts]
    quoted = part in _QUOTED_RE.findall(text)
    if len(parts) == 2 and (quoted or kind is _Kind.UNKNOWN):
        named = quoted or (_is_outlet(part) and f"{part} (" in text)
        return _Kind.SOURCE if named else _Kind.OTHER if _is_outlet(part) else kind
    if len(parts) == 3 and _Kind.SOURCE not in kinds:
        people = kinds.count(_Kind.PERSON) + kinds.count(_Kind.PERHAPS)
        if kind is _Kind.UNKNOWN and people == 1 and (_is_outlet(part) or quoted):
            return _Kind.SOURCE
        # Between dashes the writer comes first; commas separate several writers.
        if (
            kind is _Kind.PERHAPS
            and people == 2
            and number == 1 + (kinds[0] is _Kind.PLACE)
            and not _COMMA_RE.search(text)
        ):
            return _Kind.SOURCE
    return kind


def _is_outlet(part: str) -> bool:
    """Return whether the part is one word: writers have two, and a town would be known."""
    return " " not in part


def _after_source(kinds: list[_Kind], number: int) -> bool:
    alone = len(kinds) == 2 and _Kind.SOURCE in kinds
    return alone and (number == 1 or kinds[number] is _Kind.UNKNOWN)


def _towns_with_country(text: str) -> set[str]:
    """Find towns too small for the tables by the country in brackets: «بولي علم (أفغانستان):»."""
    return {
        match["town"].strip(_DECORATION)
        for match in _TOWN_RE.finditer(text)
        if key_of(match["country"]) in names().countries - names().cities
    }


def _parts(text: str) -> list[str]:
    table = names()
    # «بيروت: فلان القاهرة: فلان»: with several colons, a town may follow a name without a sign between them.
    towns = table.places if text.count(":") > 1 else table.datelines
    parts: list[str] = []
    for part in chain.from_iterable(map(_before_post, _SEPARATOR_RE.split(text))):
        role, name = _role_of(part.strip(_DECORATION))
        if role:
            parts.append(role)
        else:
            name = part
        posted = next((one for one in reversed(parts) if key_of(one) in table.correspondents), None)
        if posted is not None and (posted is parts[-1] or name.lstrip().startswith("في ")):
            parts.extend(_posted(name.strip(_DECORATION)))
            continue
        for piece in _FROM_RE.split(name):
            bare = _IN_RE.sub("", " ".join(piece.split()).strip(_DECORATION))
            parts.extend(person for people in _apart(bare, towns) for person in _writers(people))
    return [_without_and(part) for part in parts if part]


def _without_and(part: str) -> str:
    """Return a part without the «و» that joins an agency to the part before it: «لندن - «الضفة» ووكالات»."""
    joined = part[1:]
    known = is_source(part) or is_role(key_of(part)) or not part.startswith("و")
    return part if known or not (is_agency(joined) or is_role(key_of(joined))) else joined


def _before_post(part: str) -> list[str]:
    """Part a name from the post after it: «رنا قاسم مراسلة الضفة في القدس», «رنا قاسم مدققة معلومات»."""
    words = part.split()
    table = names()
    for number in range(2, len(words)):
        # One word after a name may be a surname: «محمد سعيد الكاتب», «خالد نائب».
        described = is_description(words[number]) and (
            number + 1 < len(words) or words[number].removesuffix("ة").endswith(_CALLINGS)
        )
        if not described and key_of(words[number]) not in table.correspondents:
            continue
        if person_certainty(" ".join(words[:number])):
            return [" ".join(words[:number]), " ".join(words[number:])]
    return [part]


def _posted(name: str) -> list[str]:
    """Part what follows «مراسل»: «الضفة في القدس», «في تونس رنا قاسم», «رنا قاسم»."""
    outlet, _, place = _IN_PLACE_RE.sub("\n", name).partition("\n")
    towns = _AND_RE.split(place)
    if len(towns) > 1 and all(map(is_place, towns)):
        return [outlet, *towns]  # «مراسلو الضفة في غزة والقاهرة»
    words = place.split()
    for count in (1, 2):
        if len(words) >= count + 2 and is_place(" ".join(words[:count])) and person_certainty(" ".join(words[count:])):
            return [outlet, " ".join(words[:count]), " ".join(words[count:])]
    return [outlet, " ".join(words)]


def _role_of(part: str) -> tuple[str, str]:
    """Split a role of one or two words from the start of a part: (role, the rest), or two empty strings."""
    words = part.split(" ")
    for count in (2, 1):
        role, name = " ".join(words[:count]), " ".join(words[count:])
        if name and is_role(key_of(role)) and not is_role(key_of(part)):
            return role, name
    return "", ""


def _writers(part: str) -> list[str]:
    """Part writers joined by «و»: «فلان الفلاني وعلان العلاني»."""
    pieces = _AND_RE.split(part)
    if len(pieces) == 1 or names().given.intersection(map(key_of, _AND_WORD_RE.findall(part))):
        return [part]  # «محمد وليد سعيد» is one person
    return pieces if all(map(person_certainty, pieces)) else [part]


def _apart(part: str, towns: frozenset[str]) -> list[str]:
    """Part names printed without a sign between them: «عرفات مدابش عدن», «اليوم وكالات»."""
    words = part.split(" ")
    table = names()
    if (
        len(words) == 2
        and is_source(words[0])
        and not is_source(part)
        and (is_source(words[1]) or is_role(key_of(words[1])))
    ):
        return words
    for count in (1, 2):
        # «عمّان أنور الزيادات»
        place, name = " ".join(words[:count]), " ".join(words[count:])
        if (
            count + 2 <= len(words) <= count + _MAX_PLACED_NAME
            and key_of(place) in table.datelines
            and not table.given.intersection(map(key_of, words[:count]))
            and key_of(part) not in table.places
            and person_certainty(name)
        ):
            return [place, name]
    for count in (2, 1):
        name, place = " ".join(words[:-count]), " ".join(words[-count:])
        if (
            len(words) - count >= 2
            and key_of(place) in towns
            and _NISBA_RE.match(place) is None  # a surname, though «الأحمدي» is a town too
            and key_of(part) not in table.places
            and not ends_in_particle(name)
            and person_certainty(name)
        ):
            return [name, place]
    return [part]
