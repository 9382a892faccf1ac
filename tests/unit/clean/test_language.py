"""Arabic is distinguished from related languages on texts as short as a headline."""

from __future__ import annotations

import pytest

from agents.clean.language import detect_language
from tests.unit.clean.samples import BODY, TITLE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (TITLE, "ar"),
        (BODY[0], "ar"),
        ("كفاية", "ar"),
        ("چيلسي يتعاقد مع مهاجم برازيلي", "ar"),
        ("«ZTE» تطلق هاتف «Axon Pro» في الأسواق", "ar"),
        ("رئیس جمهور روز گذشته با وزیر امور خارجه دیدار کرد", "fa"),
        ("وزیر اعظم نے کہا ہے کہ حکومت مہنگائی پر قابو پائے گی", "ur"),
        ("د افغانستان د بهرنیو چارو وزیر له خپل سیال سره وکتل", "ps"),
        ("سەرۆکی هەرێم پێشوازی لە باڵیۆز کرد", "ckb"),
        ("Le président reçoit le ministre des affaires étrangères", "fr"),
        ("The president met the foreign minister on Monday", "en"),
        ("Cumhurbaşkanı Dışişleri Bakanı ile görüştü", "tr"),
        ("2015 - 1436", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect_language(text) == language
