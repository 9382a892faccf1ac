"""Weigh the context of a name: how likely it is a place here, and which kind of place."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from agents.geotag import trigger_words as words
from agents.geotag.homographs import is_other_word, may_be_verb
from agents.geotag.name_scan import Hit, Match, Scan, has_marks, odd_shadda
from streams.records import Entity

# Log-odds, set by hand on the tuning half of benchmarks/places and on the LOC spans of ANERcorp's train part.
BASE = (-2.6, 0.0, 3.2)  # weak, medium, strong names
TRIGGER = 3.0
DIRECTION = 1.5
LOC = 3.0
NO_LOC, NO_LOC_BUT_HINT, NO_LOC_BUT_DIVISION = -1.2, -0.3, 0.0
INSIDE_OTHER = -5.0
IS_PERSON = -4.0
IS_ORGANISATION = -2.5
LOCATIVE = 1.0
AFTER_BAD_WORD = -4.0
AFTER_INSTITUTION = -8.0
BEFORE_COMPANY = -9.0
OUTLET = -7.0
OTHER_WORD = -9.0
UNLIKE_A_PLACE = -5.0
LIKE_A_VERB = -5.0
LISTED = 1.0
ADJECTIVE = -8.0
NISBA_AFTER = 1.0
HINT_OF_LIST = 1.5
CLUB = -5.0
# Words of a subject between its verb and its object: «زار الوزير السوري تدمر».
LONGEST_SUBJECT = 3
DATELINE, DATELINE_WORDS = 4.0, 8
CLITIC = {"": 0.0, "و": -0.2, "ب": 0.4, "ل": -0.3}
OTHER_CLITIC = -1.5

_OPENING, _CLOSING = frozenset("«“\"'(["), frozenset("»”\"')]")
_CLITIC_LETTERS = "وفبلك"


class Hint(Enum):
    """Kind of place according to the word before a name."""

    DIVISION = "division"
    CITY = "city"
    POI = "poi"
    WATER = "water"
    REGION = "region"
    COUNTRY = "country"
    DIRECTION = "direction"


_HINTS = (
    (words.DIVISION_WORDS, Hint.DIVISION),
    (words.CITY_WORDS, Hint.CITY),
    (words.POI_WORDS, Hint.POI),
    (words.WATER_WORDS, Hint.WATER),
    (words.REGION_WORDS, Hint.REGION),
    (words.COUNTRY_WORDS, Hint.COUNTRY),
    (words.DIRECTION_WORDS, Hint.DIRECTION),
)
HINT_OF = {word: hint for group, hint in reversed(_HINTS) for word in group}


@dataclass(slots=True)
class Evidence:
    """Context of one reading of a match.

    Attributes:
        odds: log-odds that it is a place, without the name's own strength.
        hint: kind of place according to the word before.
        tagged: whether the entity stage tagged it LOC; None if that stage did not run.
        plural: whether the word before announces several names («محافظات»).
        located: whether the word before, a preposition or a dateline shows that it is a place.
        other: whether the words around it show that it is something else.
    """

    odds: float
    hint: Hint | None
    tagged: bool | None
    plural: bool = False
    located: bool = False
    other: bool = False


def bare_forms(normalised: str) -> tuple[str, ...]:
    """Return a word, and the word without one or two clitics: «وبمدينة» gives مدينة."""
    forms = [normalised]
    if normalised[:1] in _CLITIC_LETTERS and len(normalised) > 2:
        forms.append(normalised[1:])
        if normalised[1] in _CLITIC_LETTERS and len(normalised) > 4:
            forms.append(normalised[2:])
    return tuple(forms)


def hint_before(scan: Scan, first: int) -> tuple[Hint | None, bool]:
    """Return the hint of the word before word `first`, and whether it announces several names.

    A nisba may stand between: «العاصمة الأردنية عمان».
    """
    for back in (1, 2):
        index = first - back
        if index < 0 or scan.gap(index + 1).strip(" «“\"'"):
            return None, False
        word = scan.facts[index].normalised
        # «فقري» and «كمدن» are no hints: ف and ك seldom stand before these words, and begin others.
        for form in bare_forms(word) if word[:1] not in "فك" else (word,):
            if form in HINT_OF:
                return HINT_OF[form], form in words.PLURAL_WORDS
        if scan.facts[index].nisba is None:
            return None, False
    return None, False


def is_dateline(scan: Scan, match: Match) -> bool:
    """Return whether the text opens with this name and a sign: «سبق- الرياض:», «عين اليوم – لندن»."""
    if match.last > DATELINE_WORDS:
        return False
    before, after = scan.gap(match.first), scan.gap(match.last)
    opens = before.strip() in {"-", "–", "ـ", "—", "|"} or (match.first == 0 and not before.strip())
    closes = after.strip() in {":", "-", "–", "ـ", "—", "،"} or "\n" in after
    return opens and closes


def is_match_report(scan: Scan) -> bool:
    """Return whether a text is about a match or a club."""
    return sum(fact.normalised in words.SPORT_WORDS for fact in scan.facts) >= words.SPORT_REPORT


def _plays(scan: Scan, match: Match) -> bool:
    """Return whether a name is that of a club that wins, loses or is beaten: «فاز ميلان على نابولي»."""
    if not any(fact.normalised in words.SPORT_WORDS for fact in scan.facts):
        return False
    before = range(max(match.first - words.MATCH_VERB_REACH, 0), match.first)
    return any(not words.MATCH_VERBS.isdisjoint(bare_forms(scan.facts[index].normalised)) for index in before)


def _before_is(scan: Scan, first: int, group: frozenset[str]) -> bool:
    if first == 0 or scan.gap(first).strip(" «“\"'"):
        return False
    return not group.isdisjoint(bare_forms(scan.facts[first - 1].normalised))


def quoted(scan: Scan, match: Match, hit: Hit) -> bool:
    """Return whether quotation marks enclose just this name."""
    before = scan.text[hit.start - 1 : hit.start]
    after = scan.text[match.end : match.end + 1]
    return before in _OPENING and after in _CLOSING and bool(before) and bool(after) and before not in "(["


def weigh(
    scan: Scan,
    match: Match,
    hit: Hit,
    entities: Sequence[Entity] | None,
    *,
    sport: bool = False,
    person: bool = False,
) -> Evidence:
    """Weigh the context of one reading of a match.

    Args:
        scan: the text.
        match: the words.
        hit: the reading.
        entities: the text's entities in order; None if the entity stage did not run.
        sport: whether the text is about a match or club.
        person: whether the words around the match show that it is a person's name.
    """
    hint, plural = hint_before(scan, match.first)
    odds = CLITIC.get(hit.clitics[-1:], OTHER_CLITIC)
    if hint is Hint.DIRECTION:
        odds += DIRECTION
    elif hint is not None:
        odds += TRIGGER
    dateline = is_dateline(scan, match)
    if dateline:
        odds += DATELINE
    locative = hit.clitics.endswith("ب") or _before_is(scan, match.first, words.LOCATIVE)
    if locative:
        odds += LOCATIVE
    elif hint is None and not dateline and hit.name in words.CLUB_NAMES and (sport or _plays(scan, match)):
        odds += CLUB
    tagged, tagger_odds = _tagger(match, hit, hint, entities)
    odds += tagger_odds
    odds += _vetoes(scan, match, hit, tagged)
    if match.last < len(scan.facts) and not scan.gap(match.last).strip() and scan.facts[match.last].nisba:
        odds += NISBA_AFTER
    other = person or is_other_word(scan, match, hit, locative=locative)
    placed = hint is not None or dateline or locative
    if other:
        odds += OTHER_WORD
    elif may_be_verb(hit) and not placed and tagged is not True and not _can_stand(scan, match, hit):
        odds += UNLIKE_A_PLACE
    return Evidence(odds, hint, tagged, plural, placed and not other, other)


def _can_stand(scan: Scan, match: Match, hit: Hit) -> bool:
    """Return whether a place's name can stand here, and a verb cannot.

    The word before is a preposition, a noun that a place completes («أهالي ينبع»), or a feminine verb («أعلنت تشاد»);
    or the name is the object of a verb of movement or the like («زار تدمر»).
    """
    if _before_is(scan, match.first, words.PREPOSITIONS | words.HEADS_OF_PLACES):
        return True
    if match.first == 0 or scan.gap(match.first).strip():
        return False
    before = scan.facts[match.first - 1].normalised
    if before.endswith("ت") and not before.endswith("ات") and not before.startswith("ال"):
        return True
    return not hit.clitics and _is_object(scan, match.first)


def _is_object(scan: Scan, first: int) -> bool:
    """Return whether a verb that takes places stands before word `first`, alone or with a definite subject.

    After an indefinite noun, a verb would describe it: «دخلت دبابات تدمر الجسور».
    """
    for index in range(first - 1, max(first - 2 - LONGEST_SUBJECT, -1), -1):
        if scan.gap(index + 1).strip():
            return False
        word = scan.facts[index].normalised
        if not words.TAKES_PLACE.isdisjoint(bare_forms(word)):
            return True
        if not word.startswith("ال") or word in words.RELATIVES:
            return False
    return False


def _tagger(match: Match, hit: Hit, hint: Hint | None, entities: Sequence[Entity] | None) -> tuple[bool | None, float]:
    if entities is None:
        return None, 0.0
    # Entities do not overlap: the first that ends after the start of the hit is the first that can touch it.
    at = bisect(entities, hit.start, key=lambda entity: entity.end)
    if at == len(entities) or entities[at].start >= match.end:
        if hint is Hint.DIVISION:
            return False, NO_LOC_BUT_DIVISION
        return False, NO_LOC if hint is None else NO_LOC_BUT_HINT
    entity = entities[at]
    if entity.type == "LOC":
        return True, LOC * entity.score
    if entity.start < hit.start - 1 or entity.end > match.end:
        return False, INSIDE_OTHER
    return False, (IS_PERSON if entity.type == "PER" else IS_ORGANISATION) * entity.score


def _vetoes(scan: Scan, match: Match, hit: Hit, tagged: bool | None) -> float:
    odds = 0.0
    single = match.last - match.first == 1
    if hit.name in words.OUTLET_NAMES and (
        quoted(scan, match, hit) or _before_is(scan, match.first, words.OUTLET_BEFORE)
    ):
        odds += OUTLET
    if not hit.clitics and _before_is(scan, match.first, words.INSTITUTIONS_BEFORE):
        odds += AFTER_INSTITUTION
    elif not hit.clitics and _before_is(scan, match.first, words.NOT_PLACE_BEFORE):
        odds += AFTER_BAD_WORD
    if _company(scan, match):
        odds += BEFORE_COMPANY
    if single and hit.clitics and tagged is not True:
        printed = scan.printed(match.first, match.first + 1)
        like_a_verb = hit.name in words.VERB_LIKE and hit.clitics[-1] in "لف"
        if like_a_verb or (has_marks(printed) and odd_shadda(printed[hit.start - match.start :])):
            odds += LIKE_A_VERB
    if hit.name in words.VERB_LIKE and _before_is(scan, match.first, words.RELATIVES):
        odds += LIKE_A_VERB
    if hit.name in words.NISBA_LIKE and _adjective(scan, match.first):
        odds += ADJECTIVE
    return odds


def _company(scan: Scan, match: Match) -> bool:
    """Return whether a trade after a name makes it a company or its club: «القاهرة للغاز»."""
    if match.last >= len(scan.facts) or scan.gap(match.last).strip():
        return False
    return scan.facts[match.last].normalised in words.TRADES and not _before_is(scan, match.first, words.LOCATIVE)


def _adjective(scan: Scan, first: int) -> bool:
    """Return whether «السعودية» or «سورية» modifies the noun before it: both are definite, or neither is."""
    if first == 0 or scan.gap(first).strip(" »”\"'"):
        return False
    before, word = scan.facts[first - 1].normalised, scan.facts[first].normalised
    if before in words.PREPOSITIONS or before in words.DIRECTION_WORDS or before in words.LOCATIVE:
        return False
    definite = any(form.startswith(("ال", "لل")) for form in bare_forms(before))
    if word.startswith("ال"):
        return definite
    return word == "سوريه" and (before == "غير" or (not definite and before.endswith(("ات", "ه"))))
