"""The benchmark's own lists hold for what is in the repository."""

from __future__ import annotations

from benchmarks.cleaning import kinds, languages


def test_every_kind_of_date_is_found() -> None:
    assert kinds.missed() == {}


def test_short_texts_of_eight_languages() -> None:
    wrong = languages.sentences()
    # Three Persian words with no letter that Arabic lacks, which cannot be distinguished.
    assert wrong.pop("fa") == [("نرخ ارز امروز", "ar")]
    assert not any(wrong.values())
