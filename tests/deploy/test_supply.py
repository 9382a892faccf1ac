"""The audit of packages, and the list of what the image holds."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.audit import OK, UNKNOWN, VULNERABLE, judge
from tests.support.processes import ROOT

GOOD: dict[str, Any] = {"name": "good", "version": "1", "vulns": []}
BAD: dict[str, Any] = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
SKIPPED: dict[str, Any] = {"name": "lost", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "line"),
    [
        ([GOOD], OK, "1 packages have no known vulnerabilities"),
        ([GOOD, BAD, SKIPPED], VULNERABLE, "bad 2: CVE-1, fixed in 3"),
        ([GOOD, SKIPPED], UNKNOWN, "no database answered for 1 of 2 packages; nothing is known of them"),
    ],
)
def test_a_package_that_nobody_knows_is_not_called_sound(
    packages: list[dict[str, Any]], status: int, line: str
) -> None:
    assert judge({"dependencies": packages}) == (status, [line])


def test_the_bill_of_materials_lists_what_the_image_installs(tmp_path: Path) -> None:
    target = tmp_path / "rasd.cdx.json"
    made = subprocess.run(
        ["make", "-o", "setup", "sbom", f"SBOM={target}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    bill = json.loads(target.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "rasd")
    lock = (ROOT / "deploy/requirements-image.lock").read_text(encoding="utf-8")
    pinned = {f"pkg:pypi/{name}@{version}" for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock, re.M)}
    assert {component["purl"] for component in bill["components"]} == pinned
    assert all(reference["hashes"] for component in bill["components"] for reference in component["externalReferences"])
