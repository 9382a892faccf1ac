"""The bundled table is what `make name-words` makes from the bundled tagger and gazetteer."""

from agents.dedupe.build.name_words import name_words as listed
from agents.dedupe.details import SHORTEST_NAME, TABLE, name_words, word_hash


def test_the_table_is_up_to_date() -> None:
    assert name_words(TABLE) == {word_hash(word) for word in listed() if len(word) >= SHORTEST_NAME}
