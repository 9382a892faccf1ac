"""Arabic is distinguished from related languages on texts as short as a headline."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from py3langid.langid import LanguageIdentifier

from agents.clean import agent, language
from agents.clean.language import detect_language
from streams.settings import Settings
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
        ("سنڌ حڪومت نئين اسپتال جو افتتاح ڪيو", "sd"),
        ("حيدرآباد ۾ برسات کانپوءِ گهٽيون پاڻيءَ ۾ ٻڏي ويون", "sd"),
        ("شهرده گوجلو یاغیشدان سونرا یوللار سو آلتیندا قالدی و جاماعات چوخلو چتینلیکلرله اوزلشدی", "az-Arab"),
        ("تبریز شهرینده بؤیوک بیر سرگی آچیلدی و چوخلو یازیچی اورادا ایشتیراک ائتدی", "az-Arab"),
        ("افغانستان اۉزبېکلری اۉز تیللریده تعلیم آلیش حقوقینی طلب قیلماقده", "uz-Arab"),
        ("والی بلخ از گشایش یک مکتب در ولسوالی خلم خبر داد", "fa"),  # Dari, which is not told apart
        ("ڪل عام وأنتم بخير من إدارة المدرسة وطلابها", "ar"),  # an ornate ك
        ("ܡܛܪܐ ܣܓܝܐܐ ܢܚܬ ܥܠ ܡܕܝܢܬܐ ܘܐܘܪܚܬܐ ܐܬܟܣܝ ܒܡܝܐ", "und"),  # Syriac
        ("ރާއްޖޭގެ އެކި ރަށްރަށަށް ބޯކޮށް ވާރޭ ވެހި", "und"),  # Thaana
        ("ⴰⵣⵓⵍ ⴼⵍⵍⴰⵡⵏ ⴰⵢⵜⵎⴰ ⴷ ⵉⵙⵜⵎⴰ", "und"),  # Tifinagh
        ("대통령이 장관을 만났다", "ko"),
        ("ጠቅላይ ሚኒስትሩ ከውጭ ጉዳይ ሚኒስትር ጋር ተገናኙ", "am"),
        ("2015 - 1436", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_the_model_is_read_for_the_first_text_that_needs_it_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def count(file: str, **options: object) -> LanguageIdentifier:
        read.append(file)
        return from_model_file(file, **options)

    from_model_file = LanguageIdentifier.from_model_file
    monkeypatch.setattr("py3langid.langid.LanguageIdentifier.from_model_file", count)
    language._identifier.cache_clear()
    language._every_language.cache_clear()
    agent.STAGE.build(SimpleNamespace(settings=Settings(_env_file=None)))
    assert detect_language(f"{TITLE} {BODY}") == "ar"
    assert not read
    assert detect_language("رئیس جمهور روز گذشته با وزیر امور خارجه دیدار کرد") == "fa"
    assert detect_language("The president met the foreign minister on Monday") == "en"
    assert len(read) == 1


def test_a_worker_reads_the_model_before_its_first_record(monkeypatch: pytest.MonkeyPatch) -> None:
    language._identifier.cache_clear()
    language._every_language.cache_clear()
    assert agent.STAGE.load is not None
    agent.STAGE.load()
    monkeypatch.setattr("py3langid.langid.LanguageIdentifier.from_model_file", None)
    assert detect_language("The president met the foreign minister on Monday") == "en"
