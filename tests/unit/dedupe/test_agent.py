"""The stages as the runner calls them."""

from __future__ import annotations

from agents.dedupe.agent import FINGERPRINT
from streams.engine.apply import apply
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.records import FingerprintedArticle
from streams.settings import Settings
from streams.stage import Arrival
from tests.support.articles import article


def test_an_unknown_field_called_fingerprint_gives_way() -> None:
    metrics = Metrics()
    function = FINGERPRINT.build(LocalContext(Settings(_env_file=None), metrics))
    (outcome,) = apply(FINGERPRINT, function, [(article(fingerprint="of another"), Arrival(0.0))], metrics)
    (record,) = outcome.records
    assert isinstance(record, FingerprintedArticle)
    assert record.fingerprint.algorithm.startswith("rasd-")
