"""One name, however it is printed, has one key; other names have others."""

from typing import Literal

import pytest

from streams.words.names import name_fields, name_key, phrases

SAME: list[tuple[Literal["PER", "ORG"], list[str]]] = [
    ("PER", ["سلمان بن عبد العزيز", "سلمان بن عبدالعزيز", "الملك سلمان بن عبدالعزيز", "سلمان ابن عبدِ العزيز"]),
    ("PER", ["أبو محمد العتيبي", "أبومحمد العتيبي", "ابو محمد العتيبى"]),
    ("PER", ["شي جين بينغ", "شي جينبينغ"]),
    ("PER", ["خالد الفيصل", "الأمير خالد الفيصل", "خالد فيصل"]),
    ("ORG", ["داعش", "تنظيم داعش", "تنظيم «داعش»", "تنظيم الدولة الإسلامية"]),
    ("ORG", ["حماس", "حركة حماس"]),
    ("ORG", ["مجلس الأمن", "مجلس الأمن الدولي"]),
]
DIFFERENT: list[tuple[Literal["PER", "ORG"], list[str]]] = [
    ("PER", ["سلمان بن عبد العزيز", "عبد العزيز بن سلمان", "سلمان عبد العزيز", "سلمان"]),
    ("PER", ["محمد علي", "علي محمد", "محمود علي"]),
    ("PER", ["الملك", "الأمير"]),
    ("ORG", ["حزب الله", "الله", "حزب البعث"]),
    ("ORG", ["وزارة الداخلية", "وزارة الخارجية", "الداخلية"]),
    ("ORG", ["شركة الكهرباء", "الكهرباء"]),
]


@pytest.mark.parametrize(("kind", "names"), SAME)
def test_spellings_of_a_name_share_a_key(kind: Literal["PER", "ORG"], names: list[str]) -> None:
    assert len({name_key(name, kind) for name in names}) == 1


@pytest.mark.parametrize(("kind", "names"), DIFFERENT)
def test_other_names_have_other_keys(kind: Literal["PER", "ORG"], names: list[str]) -> None:
    assert len({name_key(name, kind) for name in names}) == len(names)


def test_the_names_of_a_document_are_there_once_by_kind() -> None:
    named = [("PER", "سلمان بن عبد العزيز"), ("PER", "سلمان بن عبدالعزيز"), ("ORG", "تنظيم داعش"), ("LOC", "الرياض")]
    quotes: list[dict[str, str | None]] = [{"speaker": "سلمان بن عبدالعزيز"}, {"speaker": None}]
    assert name_fields([{"type": kind, "name": name} for kind, name in named], quotes) == {
        "persons": ["سلمانبنعبدالعزيز"],
        "persons_words": ["سلمان بن عبدالعزيز"],
        "organisations": ["داعش"],
        "organisations_words": ["تنظيم داعش"],
        "speakers": ["سلمانبنعبدالعزيز"],
        "speakers_words": ["سلمان بن عبدالعزيز"],
    }


def test_a_family_name_may_come_first_but_not_around_a_father() -> None:
    assert phrases("بوتين فلاديمير", "PER") == [("بوتين", "فلاديمير"), ("فلاديمير", "بوتين")]
    assert phrases("محمد بن سلمان", "PER") == [("محمد", "بن", "سلمان")]
    assert phrases("الأمن مجلس", "ORG") == [("امن", "مجلس")]
    assert phrases("…", "PER") == []
