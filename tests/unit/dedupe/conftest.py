"""Articles for the tests: texts of random words, so that what two of them share is known exactly."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.records import Article, FingerprintedArticle

_ROOTS = """
بحيرة سفينة مصباح قلعة جسر نافذة حديقة مكتبة صندوق خريطة طاحونة منارة بستان ورشة نجار حداد صياد بحار فلاح راع
غيمة مطر ريح ثلج ضباب قمر نجم شمس كوكب صحراء واد جبل سهل هضبة شاطئ جزيرة خليج نهر ساقية بئر نبع حجر رمل طين خشب
حديد نحاس ذهب فضة زجاج ورق حبر قلم دفتر كتاب قصيدة لحن عود ناي طبل مسرح لوحة تمثال متحف سوق دكان ميزان تفاح رمان
عنب تين زيتون نخيل قمح شعير عسل ملح سكر خبز جمل حصان غزال صقر حمامة نملة فراشة سلحفاة دلفين سمكة مرساة شراع مجداف
"""
WORDS = _ROOTS.split()
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)

Maker = Callable[..., FingerprintedArticle]


def random_words(seed: int, count: int) -> list[str]:
    """`count` words; two seeds share hardly any pair of neighbours."""
    rng = random.Random(seed)
    return [rng.choice(WORDS) + rng.choice(("", "", "ات", "ها", "نا", "هم")) for _ in range(count)]


def make_article(
    article_id: str, body: str, *, minutes: float = 0, source: str = "المرصد", url: str = "", title: str | None = None
) -> Article:
    """An article that came `minutes` after the start."""
    return Article(
        id=article_id,
        url=url or f"https://example.org/news/{article_id}",
        source=source,
        language="ar",
        title=title,
        body=body,
        ingested_at=START + timedelta(minutes=minutes),
    )


@pytest.fixture(scope="session")
def make() -> Maker:
    """A maker of articles with their fingerprints."""
    config = FingerprintConfig()

    def build(article_id: str, body: str, **fields: object) -> FingerprintedArticle:
        article = make_article(article_id, body, **fields)  # type: ignore[arg-type]
        return FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, config))

    return build
