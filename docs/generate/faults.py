"""docs/reference/faults.md: every case of the fault suite with its last recorded result."""

from __future__ import annotations

import json
from typing import Any

from docs.generate.markdown import code, document, escaped, table
from tests.faults.__main__ import RESULTS
from tests.faults.cases import load_cases

INTRODUCTION = """
`make faults` makes each of these faults while articles flow through workers on real Kafka and Elasticsearch, and counts
what became of every record. [Faults](../explanation/faults.md) says how, and what makes a case pass. The results are
those of the last recorded run of each case; *articles* says with how many it was made. A case without a result has not
been recorded yet: that nothing is lost in it is then not shown.

*Lost* are ids that are neither in the index nor in the dead letters; *twice*, ids that the index holds twice, or that
are in both; *other clusters*, articles whose cluster differs from that of an undisturbed run; *seconds*, from the end
of the fault until the lag was 0 again, by itself. The machine has 2 cores, which other work used at the same time, so
the seconds are upper bounds.
"""
_COLUMNS = (
    "case",
    "fault",
    "articles",
    "sent",
    "indexed",
    "dead letters",
    "lost",
    "twice",
    "other clusters",
    "seconds",
)


def page() -> str:
    """Return the page."""
    held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    results = {each["case"]: each for each in held}
    rows = [[code(case.name), escaped(case.fault), *_numbers(results.get(case.name))] for case in load_cases().values()]
    failed = [each for each in held if each["problems"]]
    parts = [table((*_COLUMNS, "result"), rows)]
    if failed:
        parts.append("## Failed")
        parts += [f"{code(each['case'])}: {escaped('; '.join(each['problems']))}" for each in failed]
    return document("Faults and their results", INTRODUCTION, parts)


def _numbers(result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return [""] * (len(_COLUMNS) - 2) + ["not recorded"]
    names = ("articles", "sent", "indexed", "dead_letters", "lost", "twice", "other_clusters")
    seconds = "never" if result["seconds"] is None else f"{result['seconds']:.0f}"
    return [*(f"{result[name]:,}" for name in names), seconds, "**failed**" if result["problems"] else "passed"]
