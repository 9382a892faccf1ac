from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.entities.bio import TAGS
from agents.entities.mentions.extract import find_entities, tag_articles
from agents.entities.model.features import WordEntry
from agents.entities.taggers.base import Tagger, Tagging
from agents.entities.taggers.registry import load_tagger
from streams.records import Article, Entity

TAGGER = load_tagger()


def article(body: str, language: str = "ar") -> Article:
    return Article(
        id="a",
        url="https://example.org/1",
        source="s",
        language=language,
        body=body,
        ingested_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def find(body: str, tagger: Tagger) -> list[Entity]:
    (entities,) = find_entities([body], tagger)
    return entities


class Script:
    """Gives the tags it was made with, sentence after sentence."""

    words: Mapping[str, WordEntry] = TAGGER.words
    most_texts = 64

    def __init__(self, *tags: str) -> None:
        self.tags = [part.split() for part in tags]

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        (sentences,) = texts
        assert [len(tokens) for tokens in sentences] == [len(tags) for tags in self.tags]
        return [[Tagging(tags, [0.9 - 0.1 * i for i in range(len(tags))]) for tags in self.tags]]


class Random:
    """Tags drawn by hypothesis: whatever a tagger says, the contract holds."""

    words: Mapping[str, WordEntry] = TAGGER.words
    most_texts = 64

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        return [[self._tagging(len(tokens)) for tokens in text] for text in texts]

    def _tagging(self, length: int) -> Tagging:
        tags = self.draw.draw(st.lists(st.sampled_from(TAGS), min_size=length, max_size=length))
        return Tagging(tags, [0.5] * length)


PIECES = st.sampled_from(
    [
        "وبيروت",
        "للرياض",
        "«",
        "»",
        "(",
        ")",
        ".",
        "،",
        " ",
        "\n",
        "أ.ف.ب",
        "نتنياهو",
        "بنيامين",
        "مُحَمَّد",
        "ـ",
        "-",
        "ل",
        "و",
        "\u200f",
        "12٫5",
        "G20",
    ]
)


def check(body: str, entities: Sequence[Entity]) -> None:
    end = 0
    for entity in entities:
        assert body[entity.start : entity.end] == entity.text
        assert entity.start >= end
        assert entity.end > entity.start
        assert entity.text[0].isalnum()
        assert not set(entity.text) & set("«»()،؛؟!\n")
        assert 0 <= entity.score <= 1
        assert entity.name
        end = entity.end


@settings(max_examples=200)
@given(
    st.lists(PIECES, min_size=1, max_size=25).map(" ".join) | st.lists(PIECES, min_size=1, max_size=25).map("".join),
    st.data(),
)
def test_whatever_the_tagger_says_mentions_are_exact_and_apart(body: str, data: st.DataObject) -> None:
    check(body, find(body, Random(data)))


@given(st.lists(PIECES, min_size=1, max_size=25).map(" ".join))
def test_the_shipped_tagger_keeps_the_contract(body: str) -> None:
    check(body, find(body, TAGGER))


def test_the_name_is_what_stands_in_quotation_marks_and_brackets_stay_out() -> None:
    found = find("تنظيم «القمر» (بيروت)", Script("B-ORG I-ORG I-ORG I-ORG B-LOC I-LOC I-LOC"))
    assert [(e.type, e.text) for e in found] == [("ORG", "القمر"), ("LOC", "بيروت")]


def test_persons_run_together_are_parted_at_a_clitic() -> None:
    found = find("سالم فهد وسلمى مراد", Script("B-PER I-PER I-PER I-PER"))
    assert [(e.text, e.score) for e in found] == [("سالم فهد", 0.8), ("سلمى مراد", 0.6)]
    found = find("المعتصم بالله", Script("B-PER I-PER"))
    assert [e.text for e in found] == ["المعتصم بالله"]


def test_two_foreign_organisations_are_parted_and_an_arabic_phrase_is_not() -> None:
    found = find("لبنان وسوريا", Script("B-ORG I-ORG"))
    assert [e.text for e in found] == ["لبنان", "سوريا"]
    found = find("حزب الوسط والعدالة", Script("B-ORG I-ORG I-ORG"))
    assert [e.text for e in found] == ["حزب الوسط والعدالة"]
    found = find("العدل وسوريا", Script("B-ORG I-ORG"))
    assert [e.text for e in found] == ["العدل وسوريا"]


def test_abbreviations_stay_whole_and_stops_stay_out() -> None:
    found = find("قالت أ.ف.ب.", Script("O B-ORG I-ORG"))
    assert [e.text for e in found] == ["أ.ف.ب"]


def test_a_decimal_or_a_list_of_numbers_is_no_name() -> None:
    found = find("قناة 24 بلغت 12،5 قناة 2015،2016", Script("B-ORG I-ORG O B-ORG B-ORG I-ORG"))
    assert [e.text for e in found] == ["قناة 24", "قناة"]


def test_the_weakest_token_gives_the_score() -> None:
    found = find("سلمى الحمداني", Script("B-PER I-PER"))
    assert found[0].score == 0.8


def test_an_elided_article_comes_back_in_the_name() -> None:
    found = find("وصل للرياض", Script("O B-LOC"))
    assert (found[0].text, found[0].name) == ("لرياض", "الرياض")


def test_an_article_end_to_end() -> None:
    body = "التقى بنيامين نتنياهو نظيره في باريس. ثم سافر نتنياهو إلى القاهرة وبيروت."
    (tagged,) = tag_articles([article(body)], TAGGER)
    assert [(e.type, e.text, e.name) for e in tagged.entities] == [
        ("PER", "بنيامين نتنياهو", "بنيامين نتنياهو"),
        ("LOC", "باريس", "باريس"),
        ("PER", "نتنياهو", "بنيامين نتنياهو"),
        ("LOC", "القاهرة", "القاهرة"),
        ("LOC", "بيروت", "بيروت"),
    ]
    assert Article.model_validate_json(tagged.to_json()) == tagged
    check(body, tagged.entities)


def test_other_languages_have_no_entities() -> None:
    old = Entity(text="Paris", type="LOC", start=0, end=5, score=1, name="Paris")
    before = article("Paris est loin", "fr").model_copy(update={"entities": [old]})
    assert [one.entities for one in tag_articles([before], TAGGER)] == [[]]
    assert before.entities == [old]


BODIES = st.lists(PIECES, max_size=25).map(" ".join)


@settings(max_examples=50)
@given(st.lists(BODIES, max_size=6))
def test_an_article_has_the_entities_that_it_has_alone(bodies: list[str]) -> None:
    for body, together in zip(bodies, find_entities(bodies, TAGGER), strict=True):
        alone = find(body, TAGGER)
        assert [entity.model_copy(update={"score": 0}) for entity in together] == [
            entity.model_copy(update={"score": 0}) for entity in alone
        ]
        # Sums of another order differ in their last digits.
        assert [entity.score for entity in together] == pytest.approx([entity.score for entity in alone], abs=2e-3)


def test_each_article_of_a_batch_keeps_its_place_and_language() -> None:
    batch = [article("زار باريس."), article("Paris est loin", "fr"), article("…"), article("زار بيروت.")]
    found = tag_articles(batch, TAGGER)
    assert [[entity.text for entity in one.entities] for one in found] == [["باريس"], [], [], ["بيروت"]]
    assert [one.body for one in found] == [one.body for one in batch]


def test_a_body_without_words() -> None:
    assert find("…", TAGGER) == []
    assert find("\n", TAGGER) == []
