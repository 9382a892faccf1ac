"""Measure the errors of the language detector on short texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files

from agents.clean.language import detect_language


def sentences() -> dict[str, list[tuple[str, str]]]:
    """Return, by language, the headlines of languages.json taken for another language: (text, that language)."""
    table = json.loads(files("benchmarks.cleaning").joinpath("languages.json").read_text(encoding="utf-8"))
    return {
        language: [(text, found) for text in texts if (found := detect_language(text)) != language]
        for language, texts in table.items()
    }


def titles(texts: Iterable[str]) -> Counter[str]:
    """Count the languages detected in the headlines of an Arabic corpus."""
    return Counter(detect_language(text) for text in texts)
