"""Where the main parts of a view stand, as a browser lays them out.

Boxes are compared, not pixels: how edges of letters are smoothed differs between machines with one and the same font,
and a tolerance that hides this hides a moved button too. The fonts are those of the desk, so boxes differ by rounding.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from playwright.async_api import Page

STORED = Path(__file__).with_name("layout.json")
# Pixels. Versions of Chromium round lines and controls differently.
TOLERANCE = 4

# Views with the widths at which they are measured, and the languages.
VIEWS = {
    "?minutes=60": (1280, 375),
    "search?q=العقبة": (1280, 375),
    "articles/ferry-3": (1280, 375),
    "stories/ferry-1": (1280,),
    "map": (1280,),
    "compare?q=العقبة&other=المياه": (768,),
}
LANGUAGES = ("ar", "en")
PARTS = (
    ".bar", ".brand", ".bar nav", ".tools", "main", "#q", ".query button", "h1", ".columns > aside", ".timeline svg",
    ".line", ".choice", ".results", ".hit", ".hit h3", ".piece", ".article", ".article .body", ".about",
    ".story .growth", ".story h3", ".spark", ".ticker", ".window", ".lanes", ".lane svg", ".lineage", ".diff",
    ".map", ".map-zoom", ".lines svg", ".compare button",
)  # fmt: skip
MEASURE = """async (parts) => {
  await document.fonts.ready;
  // Times differ from run to run, in width too.
  for (const time of document.querySelectorAll("time, .axis span")) time.textContent = "00:00";
  const found = {};
  for (const part of parts) {
    const box = document.querySelector(part)?.getBoundingClientRect();
    if (box) found[part] = [box.left, box.top + scrollY, box.width, box.height].map(Math.round);
  }
  return found;
}"""

Boxes = dict[str, list[int]]


async def measure(page: Page) -> Boxes:
    """Return left, top, width and height of the first element of each part that the view has, in pixels."""
    found: Boxes = await page.evaluate(MEASURE, PARTS)
    return found


def differences(stored: Boxes, found: Boxes) -> dict[str, tuple[list[int] | None, list[int] | None]]:
    """Return the parts that are elsewhere than stored, or that only one of both has."""
    return {
        part: (stored.get(part), found.get(part))
        for part in stored.keys() | found.keys()
        if part not in stored
        or part not in found
        or any(abs(a - b) > TOLERANCE for a, b in zip(stored[part], found[part], strict=True))
    }


def read() -> dict[str, Boxes]:
    """Return the stored boxes by view."""
    stored: dict[str, Boxes] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


def renew(found: dict[str, Boxes]) -> bool:
    """Store what was found if the environment says so (`RENEW_LAYOUT=1 pytest tests/pipeline/desk`)."""
    if os.environ.get("RENEW_LAYOUT") != "1":
        return False
    lines = (f"{json.dumps(view, ensure_ascii=False)}: {json.dumps(boxes)}" for view, boxes in found.items())
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return True
