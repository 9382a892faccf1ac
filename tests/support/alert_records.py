"""Matches and standing searches for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.alerts.records import Match
from streams.alerts.standing_search import SearchSettings, StandingSearch, new_search

BEGIN = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def standing_search(**fields: Any) -> StandingSearch:
    """A standing search that was saved at BEGIN."""
    given = {"name": "السدود", "filters": {"q": "سد"}, "targets": [{"to": "log:desk"}]} | fields
    return new_search(SearchSettings.model_validate(given), now=BEGIN)


def match(article: str, minutes: float = 1.0, **fields: Any) -> Match:
    """A match so many minutes after BEGIN; by default the first article of its own story."""
    given = {
        "search": "000000000000",
        "article": article,
        "story": article,
        "moment": BEGIN + timedelta(minutes=minutes),
        "outlet": "almina",
        "url": f"https://almina.example.com/{article}",
        "title": f"ارتفاع منسوب السد {article}",
        "text": f"hash of {article}",
    }
    return Match.model_validate(given | fields)
