"""Invented news, in the habits of several outlets."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2024, 3, 2, 9, 0, tzinfo=UTC)

TITLE = "بلدية الساحل توسّع الميناء القديم.. والصيادون يترقبون"
KICKER = "المشروع الأول من نوعه منذ ثلاثين عاماً"
CAPTION = "مراكب صيد ترسو في الميناء القديم قبيل بدء الأعمال"
CREDIT = "رويترز"
BODY = [
    "أعلنت بلدية الساحل، أمس، بدء تنفيذ مشروع لتوسيع الميناء القديم بكلفة تبلغ 12 مليون دولار، على أن ينجز خلال عامين.",
    "وقال رئيس البلدية سامر الخطيب في مؤتمر صحافي إن المشروع «سيضاعف قدرة الميناء على استقبال السفن».",
    "وأوضح أن الأعمال ستبدأ في 15 مارس (آذار) 2024، وأن حركة الصيادين لن تتأثر بها.",
]
OTHER_TITLE = "منتخب الطائرة يتأهل إلى نهائي البطولة الإقليمية"
OTHER_CAPTION = "فرحة لاعبي المنتخب بعد صافرة النهاية"
OTHER_CREDIT = "أ.ف.ب"
OTHER_BODY = [
    "تأهل المنتخب الوطني للكرة الطائرة إلى المباراة النهائية، بعد فوزه على ضيفه بثلاثة أشواط نظيفة مساء أول من أمس.",
    "وأشاد المدرب بأداء لاعبيه، معتبراً أن الإعداد الطويل في المعسكر الجبلي أتى ثماره في الوقت المناسب.",
]


def header(
    title: str, caption: str, credit: str, *, kicker: str | None = None, widget: bool = True, echo: bool = True
) -> list[str]:
    """The top of an article as the big dailies' pages give it: all twice, and a font-size widget."""
    caption = f"{caption} ({credit})"
    lines = [title, *([kicker] if kicker else []), caption, caption]
    lines += ["TT"] if widget else []
    return lines + ([title, caption, caption] if echo else [])
