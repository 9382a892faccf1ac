"""A fixed calculation against which processor time is measured, so that a slower or busier machine changes both."""

from __future__ import annotations

import json
import re
import time

import numpy as np

_TEXT = "قال مدير الميناء إن السفن الثلاث وصلت مساء الأحد، وإن تفريغ حمولتها يستغرق 48 ساعة. " * 12
_WORD = re.compile(r"\w+")
_TIMES = 40
_MATRIX = np.random.default_rng(3).random((96, 96), dtype=np.float32)


def yardstick() -> float:
    """Run the calculation once; return its processor time in seconds, some hundredths.

    About what stages do: words cut from Arabic text and counted in dictionaries, JSON, and small products of matrices.
    """
    began = time.process_time()
    for _ in range(_TIMES):
        counts: dict[str, int] = {}
        for word in _WORD.findall(_TEXT):
            key = word.translate({0x640: None}).strip("ال")
            counts[key] = counts.get(key, 0) + 1
        json.loads(json.dumps(counts, ensure_ascii=False))
        product = _MATRIX
        for _ in range(4):
            product = np.tanh(product @ _MATRIX)
    return time.process_time() - began
