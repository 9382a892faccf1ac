"""Bytes of every Arabic encoding, and text that was decoded wrongly on its way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clean.html.encoding import decode_bytes, repair
from streams.errors import Reason, Rejected
from tests.unit.clean.samples import BODY, TITLE

TEXT = "\n".join([TITLE.replace("..", " -"), BODY[2]])


@pytest.mark.parametrize("declared", [None, "auto", "right"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1256", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(charset: str, declared: str | None) -> None:
    assert decode_bytes(TEXT.encode(charset), charset if declared == "right" else declared) == TEXT


def test_pairs_of_surrogates_as_java_programs_write_them() -> None:
    page = f"{TEXT} \U0001f600 {BODY[0]}"
    data = b"".join(b"\xed\xa0\xbd\xed\xb8\x80" if sign == "\U0001f600" else sign.encode() for sign in page)
    assert decode_bytes(data) == page


@pytest.mark.parametrize("line", ["\n{}\n", "<div><p>{}</p></div>"])
def test_a_part_in_another_encoding_is_decoded_by_itself(line: str) -> None:
    before, after = line.split("{}")
    comment = "تعليق القارئ سالم: مبارك لأهل القرية هذه السوق الجديدة"
    data = TEXT.encode() + before.encode() + comment.encode("cp1256") + after.encode() + BODY[0].encode()
    assert decode_bytes(data) == TEXT + before + comment + after + BODY[0]


def test_a_few_damaged_bytes_are_no_other_encoding() -> None:
    data = TEXT.encode() + b"\n" + BODY[0].encode()[:-1].replace("أمس".encode(), b"\xd8\xd9") + b"\n" + BODY[1].encode()
    assert decode_bytes(data).startswith(TEXT)
    assert decode_bytes(data).endswith(BODY[1])
    assert "\ufffd" in decode_bytes(data)


@pytest.mark.parametrize("declared", [None, "iso-8859-6"])
def test_iso_8859_6_has_no_guillemets(declared: str | None) -> None:
    text = "وأوضح أن الأعمال ستبدأ في منتصف الشهر وأن حركة الصيادين لن تتأثر بها"
    assert decode_bytes(text.encode("iso-8859-6"), declared) == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-8", "koi8-r", "no-such-charset", "cp1256\0", "\ud800"])
def test_a_wrong_declaration_is_overruled(declared: str) -> None:
    assert decode_bytes(TEXT.encode("cp1256"), declared) == TEXT


def test_the_pages_own_declaration() -> None:
    page = f'<html><head><meta charset="windows-1256"></head><body>{TEXT}</body></html>'
    assert decode_bytes(page.encode("cp1256")) == page


def test_french_is_not_taken_for_arabic() -> None:
    text = "Le président a été reçu à l'hôtel de ville, où la fête a commencé"
    assert decode_bytes(text.encode("cp1252")) == text


def test_a_stray_zero_byte_changes_nothing_else() -> None:
    assert decode_bytes(TEXT.encode() + b"\0") == TEXT + "\0"


def test_a_page_cut_inside_a_character() -> None:
    assert decode_bytes(BODY[0].encode()[:-2]).startswith(BODY[0][:100])


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, bytes(range(128, 160)) * 20])
def test_bytes_in_no_encoding(data: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        decode_bytes(data, "utf-8")
    assert caught.value.reason is Reason.BAD_ENCODING
    assert "utf-8" in caught.value.detail


def _as(wrong: str, right: str = "utf-8") -> Callable[[str], str]:
    return lambda text: text.encode(right).decode(wrong)


@pytest.mark.parametrize(
    "damage",
    [
        _as("latin-1"),
        _as("sloppy-windows-1252"),
        _as("cp1256"),
        _as("latin-1", "cp1256"),
        _as("sloppy-windows-1252", "cp1256"),
        lambda text: _as("latin-1")(_as("latin-1")(text)),
        lambda text: _as("latin-1")(_as("latin-1", "cp1256")(text)),
    ],
)
@pytest.mark.parametrize("text", [TITLE, BODY[1], "مقتل شخصين في حادث"])
def test_repair(damage: Callable[[str], str], text: str) -> None:
    assert damage(text) != text
    assert repair(damage(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *BODY,
        "Le ministre a déclaré « hier » que l’été sera chaud à Alger",
        "São Paulo – “Über” – ñandú – 50 €",
        "الرئيس François Hollande التقى نظيره فى باريس",
        "درجة الحرارة ٤٥° والسعر 12£ ½ ± 3²",
        "Ø",
        "Ã",
    ],
)
def test_sound_text_is_not_touched(text: str) -> None:
    assert repair(text) == text


@given(st.text(alphabet=st.characters(min_codepoint=0x621, max_codepoint=0x652), max_size=60))
def test_arabic_is_never_touched(text: str) -> None:
    assert repair(text) == text


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "cp1256", "punycode", "utf-7", "base64", ""]))
def test_any_bytes_give_text_or_the_reason(data: bytes, declared: str | None) -> None:
    try:
        assert isinstance(decode_bytes(data, declared), str)
    except Rejected as rejected:
        assert rejected.reason is Reason.BAD_ENCODING
