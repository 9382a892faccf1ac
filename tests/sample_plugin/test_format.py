from __future__ import annotations

import io

from rasd_sample.format import CARDS

from streams.errors import Reason
from streams.sources.readers.base import Document, ReadOptions

FILE = "#cards\nhttps://a.example/1\nفيروز في بعلبك\nأحيت فيروز حفلا مساء أمس.\n\nبطاقة بلا عنوان\n"


def document(text: str) -> Document:
    data = text.encode()
    return Document("monday.crd", "monday.crd", "file:///monday.crd", data[:4096], io.BytesIO(data))


def test_it_recognises_cards_by_their_first_line() -> None:
    assert CARDS.recognise(document(FILE))
    assert not CARDS.recognise(document("https://a.example/1\n"))


def test_it_reads_cards_and_names_those_that_are_none() -> None:
    good, bad = CARDS.read(document(FILE), ReadOptions(source="النهار"))
    assert good.raw is not None
    assert (good.raw.url, good.raw.source, good.raw.title) == ("https://a.example/1", "النهار", "فيروز في بعلبك")
    assert bad.failure is not None
    assert (bad.failure.reason, bad.location) == (Reason.BAD_SCHEMA, "monday.crd:card 2")
