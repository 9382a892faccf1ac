from agents.entities.names import Mention, name_mentions


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
