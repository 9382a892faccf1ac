from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.mentions import canonical_names as module
from agents.entities.mentions.canonical_names import Mention, name_mentions


def names(*mentions: tuple[str, str]) -> list[str]:
    return name_mentions([Mention(tuple(text.split()), kind) for text, kind in mentions])


def test_a_person_keeps_the_full_name_in_later_and_earlier_mentions() -> None:
    assert names(("الحمداني", "PER"), ("سلمى الحمداني", "PER"), ("سلمى", "PER")) == ["سلمى الحمداني"] * 3


def test_a_family_name_of_two_persons_belongs_to_the_last_one_named() -> None:
    found = names(("نادر الصالح", "PER"), ("الصالح", "PER"), ("هدى الصالح", "PER"), ("الصالح", "PER"))
    assert found == ["نادر الصالح", "نادر الصالح", "هدى الصالح", "هدى الصالح"]


def test_a_family_name_before_two_candidates_stays_alone() -> None:
    assert names(("الصالح", "PER"), ("نادر الصالح", "PER"), ("هدى الصالح", "PER"))[0] == "الصالح"


def test_the_fullest_form_wins_over_a_fuller_one() -> None:
    found = names(("نادر بن علي الصالح", "PER"), ("نادر الصالح", "PER"), ("الصالح", "PER"))
    assert found == ["نادر بن علي الصالح"] * 3


def test_a_fathers_name_is_not_the_son() -> None:
    found = names(
        ("نادر بن سالم بن علي", "PER"), ("سالم", "PER"), ("علي", "PER"), ("نادر", "PER"), ("نادر بن سالم", "PER")
    )
    assert found == ["نادر بن سالم بن علي", "سالم", "علي", "نادر بن سالم بن علي", "نادر بن سالم بن علي"]
    assert names(("سامي بن حمدان", "PER"), ("بن حمدان", "PER"))[1] == "سامي بن حمدان"


def test_spellings_of_one_name_are_one() -> None:
    assert len(set(names(("أحمد", "PER"), ("احمد", "PER"), ("أَحْمَد", "PER")))) == 1
    assert names(("إربد", "LOC"), ("اربد", "LOC"), ("إربد", "LOC")) == ["إربد"] * 3


def test_vowel_signs_and_tatweel_are_no_part_of_a_name() -> None:
    assert names(("بَيـــروت", "LOC")) == ["بيروت"]


def test_places_organisations_and_other_classes_do_not_join() -> None:
    found = names(("وزارة الري", "ORG"), ("وزارة الري المصرية", "ORG"), ("الري", "LOC"), ("سالم الري", "PER"))
    assert found == ["وزارة الري", "وزارة الري المصرية", "الري", "سالم الري"]


def test_no_mentions() -> None:
    assert names() == []


def plainly(keys: Sequence[tuple[str, ...]]) -> list[str]:
    """Apply the documented rule naively, comparing each mention with all others."""
    found = []
    for index, words in enumerate(keys):
        fuller = {at: other for at, other in enumerate(keys) if len(other) > len(words) and contains(other, words)}
        tops = {one for one in fuller.values() if not any(contains(other, one) for other in fuller.values())}
        named = [at for at, other in fuller.items() if other in tops]
        before = [at for at in named if at < index]
        owner = before[-1] if before else named[0] if len(tops) == 1 else index
        found.append(" ".join(keys[owner]))
    return found


def contains(full: Sequence[str], part: Sequence[str]) -> bool:
    rest = iter(full)
    return (
        len(full) > len(part)
        and all(word in rest for word in part)
        and (full.index(part[0]) == 0 or full[full.index(part[0]) - 1] != "بن")
    )


@given(st.lists(st.lists(st.sampled_from(["خالد", "سعد", "بن", "فهد", "مراد"]), min_size=1, max_size=4), max_size=12))
def test_names_are_found_as_the_rule_is_told(words: list[list[str]]) -> None:
    assert names(*((" ".join(each), "PER") for each in words)) == plainly([tuple(each) for each in words])


def test_a_list_of_a_thousand_persons_is_no_million_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    contains = module._contains

    def counted(full: Sequence[str], part: Sequence[str]) -> bool:
        nonlocal asked
        asked += 1
        return contains(full, part)

    monkeypatch.setattr(module, "_contains", counted)
    first = ["".join(letters) for letters in permutations("سعدمر", 4)]
    persons = [f"{one} {two}ي" for one in first for two in first[:10]]
    found = names(*((name, "PER") for name in [*persons, *persons, first[0]]))
    assert found == [*persons, *persons, f"{first[0]} {first[9]}ي"]
    assert asked < 100
