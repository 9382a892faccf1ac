"""Articles by the thousand, composed for tests: each unlike the others, none from anywhere else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

_WHO = [
    "وزير النقل",
    "رئيس البلدية",
    "المتحدثة باسم الجامعة",
    "مدير الميناء",
    "لجنة المهرجان",
    "نقيب الصيادين",
    "مجلس الإدارة",
]
_DID = ["أعلن", "افتتح", "بحث", "وقّع", "راجع", "كرّم", "استقبل", "أطلق", "درس", "اعتمد"]
_WHAT = [
    "مشروع الجسر الجديد",
    "خطة المياه",
    "معرض الكتاب",
    "اتفاق التعاون",
    "برنامج التدريب",
    "سوق السمك",
    "متحف المدينة",
]
_WHERE = ["في بيروت", "في صنعاء", "في الرباط", "في عمّان", "في الدوحة", "في تونس", "في مسقط", "في أسوان", "في البصرة"]
_WHEN = ["أمس", "صباح الأحد", "مساء الخميس", "خلال الأسبوع الماضي", "قبل يومين"]


_LETTERS = "ابتجحدرزسشصطعفقكلمنهوي"


def _words(chance: random.Random, number: int) -> str:
    """Words that mean nothing, so that no article resembles another."""
    return " ".join("".join(chance.choices(_LETTERS, k=chance.randint(3, 6))) for _ in range(number))


def records(number: int, seed: int = 7) -> list[dict[str, Any]]:
    """Raw records with ids `n0`, `n1`, …"""
    chance = random.Random(seed)
    made = []
    for index in range(number):
        sentences = [
            f"{chance.choice(_DID)} {chance.choice(_WHO)} {chance.choice(_WHAT)} {chance.choice(_WHERE)} "
            f"{chance.choice(_WHEN)} {_words(chance, 25)}."
            for _ in range(2)
        ]
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
