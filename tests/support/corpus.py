"""Articles by the thousand, composed for tests: each unlike the others, none from anywhere else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

_WHERE = ["في بيروت", "في صنعاء", "في الرباط", "في عمّان", "في الدوحة", "في تونس", "في مسقط", "في أسوان", "في البصرة"]


_LETTERS = "ابتجحدرزسشصطعفقكلمنهوي"


_CHANCE = random.Random(11)
_VOCABULARY = ["".join(_CHANCE.choices(_LETTERS, k=_CHANCE.randint(3, 6))) for _ in range(3000)]


def _words(chance: random.Random, number: int) -> str:
    """Words that mean nothing, so that no article resembles another; few enough that caches work as on real news."""
    return " ".join(chance.choices(_VOCABULARY, k=number))


def records(number: int, seed: int = 7, first: int = 0) -> list[dict[str, Any]]:
    """Raw records with ids `n0`, `n1`, …, or from another number on, where tests share a pipeline."""
    chance = random.Random(seed + first)
    made = []
    for index in range(first, first + number):
        sentences = [f"{_words(chance, 25)} {chance.choice(_WHERE)} {_words(chance, 10)}." for _ in range(2)]
        made.append(
            {
                "id": f"n{index}",
                "url": f"https://almina.example.com/news/{index}",
                "source": "almina",
                "title": f"الخبر رقم {index} من الميناء",
                "content": "\n".join(sentences),
                "fetched_at": "2024-02-03T04:05:06Z",
            }
        )
    return made


def write_lines(path: Path, items: list[dict[str, Any]]) -> Path:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return path
