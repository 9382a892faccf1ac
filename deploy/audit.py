"""Check the pinned packages against databases of known vulnerabilities: python -m deploy.audit [LOCK…]

pip-audit ends with status 0 for packages that its database does not answer for. Here they are a failure of their own,
as nothing is known about them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "deploy/requirements-image.lock")
OK, VULNERABLE, UNKNOWN = 0, 1, 2


def judge(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the exit status and the lines for a report of pip-audit in JSON.

    Args:
        report: has `dependencies`, each with `name` and either `version` and `vulns`, or `skip_reason`.
    """
    packages = report["dependencies"]
    skipped = [package for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or '-'}"
        for package in packages
        for fault in package.get("vulns", ())
    ]
    if lines:
        return VULNERABLE, lines
    if skipped:
        return UNKNOWN, [
            f"no database answered for {len(skipped)} of {len(packages)} packages; nothing is known of them"
        ]
    return OK, [f"{len(packages)} packages have no known vulnerabilities"]


def audit(lock: str) -> tuple[int, list[str]]:
    """Run pip-audit on a lock file; return the exit status and the lines to print."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(
        [*command, "--progress-spinner", "off", "--requirement", lock],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return judge(json.loads(done.stdout))
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return UNKNOWN, [f"no database of vulnerabilities can be reached: {reason}"]


def main(locks: Sequence[str]) -> int:
    """Audit lock files; return 1 if a package is vulnerable, 2 if not all could be checked, else 0."""
    worst = OK
    for lock in locks or LOCKS:
        status, lines = audit(lock)
        sys.stdout.writelines(f"{lock}: {line}\n" for line in lines)
        worst = VULNERABLE if VULNERABLE in {status, worst} else max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
