"""The sample page of the shared corpus, which is no part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cleaning import seed
from benchmarks.cleaning.corpus import seed as read_seed

CORPUS = Path(__file__).parents[5] / "shared" / "corpus"


@pytest.mark.skipif(not (CORPUS / "seed").is_dir(), reason="the shared corpus ../shared/corpus is not on this machine")
def test_the_sample_page_comes_out_exactly_whatever_signals_are_missing() -> None:
    page, gold = read_seed(CORPUS)
    assert {name: seed.differences(variant, gold) for name, variant in seed.variants(page)} == {
        name: [] for name, _ in seed.variants(page)
    }
