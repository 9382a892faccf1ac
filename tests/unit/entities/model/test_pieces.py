from agents.entities.model.pieces import Pieces

SCORES = {
    "<s>": 0.0,
    "<pad>": 0.0,
    "</s>": 0.0,
    "<unk>": 0.0,
    "▁": -4.0,
    "▁ال": -2.0,
    "بيت": -3.0,
    "ب": -5.0,
    "ي": -5.0,
    "ت": -5.0,
    "▁بيت": -3.5,
    "نا": -3.0,
    "ا": -4.0,
}
NAMES = list(SCORES)


def pieces_of(word: str) -> list[str]:
    return [NAMES[number] for number in Pieces(SCORES, NAMES.index("<unk>"))(word)]


def test_the_most_likely_pieces_are_chosen() -> None:
    assert pieces_of("البيت") == ["▁ال", "بيت"]
    assert pieces_of("بيتنا") == ["▁بيت", "نا"]
    # One piece of -3.5 is likelier than «▁» and three letters of -5.
    assert pieces_of("بيت") == ["▁بيت"]
    assert pieces_of("تب") == ["▁", "ت", "ب"]


def test_unknown_characters_in_a_row_are_one_piece() -> None:
    assert pieces_of("ب漢字ت") == ["▁", "ب", "<unk>", "ت"]
    assert pieces_of("漢") == ["▁", "<unk>"]


def test_forms_of_presentation_are_the_letters_they_show() -> None:
    assert pieces_of("ﺑﻴﺖ") == ["▁بيت"]


def test_a_word_of_nothing_has_a_piece() -> None:
    assert pieces_of("") == ["▁"]
