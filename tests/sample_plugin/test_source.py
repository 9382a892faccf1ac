from __future__ import annotations

from pathlib import Path

import pytest
from rasd_sample.source import read

from streams.errors import OperatorError, Reason


def test_it_reads_clippings_and_names_those_without_text(tmp_path: Path) -> None:
    file = tmp_path / "monday.txt"
    file.write_text("فيروز في بعلبك\nأحيت فيروز حفلا مساء أمس.\n***\nعنوان بلا نص\n", encoding="utf-8")
    good, bad = read([str(file)])
    assert good.raw is not None
    assert (good.raw.url, good.raw.title) == ("urn:clippings:monday:1", "فيروز في بعلبك")
    assert bad.failure is not None
    assert (bad.failure.reason, bad.location) == (Reason.EMPTY_BODY, f"{file}:clipping 2")


def test_a_missing_file_ends_the_command(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="gone"):
        list(read([str(tmp_path / "gone.txt")]))
