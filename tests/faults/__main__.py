"""The fault suite: python -m tests.faults [CASE…] [--list] [--record [FILE]]

Makes one fault after another while articles flow through workers on real Kafka and Elasticsearch, and counts what
became of every article: how many are in the index and in the dead letters, lost, twice, in another cluster than in an
undisturbed run, and how long the workers took to finish everything after the fault. FAULTS_ARTICLES says how many
articles each case sends (5,000). Starts its own servers; `make faults` runs every case, which takes an hour or two.
docs/explanation/faults.md describes the cases.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.temporary import temporary_stack
from streams.observability.logs import configure_logging
from streams.settings import Settings
from tests.faults.articles import size
from tests.faults.cases import Case, load_cases
from tests.faults.trial import Account, CaseSkippedError, trial
from tests.support.processes import ROOT

RESULTS = ROOT / "docs" / "experiments" / "faults.json"
COLUMNS = ("case", "sent", "indexed", "dead letters", "lost", "twice", "other clusters", "seconds", "result")


def run_case(case: Case, servers: Settings, number: int, folder: Path) -> Account:
    """Run one case and return its account; a fault of the case itself is a problem of the account."""
    account = Account(case.name, case.fault, articles=number, date=datetime.now(UTC).date().isoformat())
    with trial(servers, number, folder, **case.settings) as running:
        running.account = account
        try:
            case.act(running)
        except CaseSkippedError as reason:
            account.skipped = str(reason)
            return account
        except Exception as error:  # whatever it is, the other cases still run
            account.problems.append(str(error) if isinstance(error, AssertionError) else repr(error))
        try:
            running.finish()
        except Exception as error:
            account.problems.append(repr(error))
    return account


def row(account: Account) -> list[str]:
    """Return the cells of one row of the table."""
    if account.skipped is not None:
        return [account.case, *[""] * (len(COLUMNS) - 2), f"skipped: {account.skipped}"]
    seconds = "never" if account.seconds is None else f"{account.seconds:.0f}"
    numbers = (account.sent, account.indexed, account.dead_letters, account.lost, account.twice, account.other_clusters)
    result = "passed" if account.passed else "FAILED"
    return [account.case, *(f"{number:,}" for number in numbers), seconds, result]


def table(accounts: Sequence[Account]) -> str:
    """Return a Markdown table of the accounts."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(row, accounts)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def record(accounts: Sequence[Account], file: Path) -> None:
    """Put the accounts into a file of results, in place of earlier ones of the same cases."""
    held = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    found = {each["case"]: each for each in held} | {each.case: asdict(each) for each in accounts if not each.skipped}
    ordered = [found[name] for name in load_cases() if name in found]
    file.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Run the cases; return 1 if one failed."""
    cases = load_cases()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names of cases; all of them when none is given")
    parser.add_argument("--list", action="store_true", help="list the cases and exit")
    parser.add_argument(
        "--record",
        nargs="?",
        type=Path,
        const=RESULTS,
        metavar="FILE",
        help="write the results into docs/experiments/faults.json, or another file of results",
    )
    parser.add_argument("--logs", type=Path, help="folder for the workers' logs, which is kept")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{each.name:24}{each.fault}" for each in cases.values()))
        return 0
    if unknown := [name for name in options.cases if name not in cases]:
        parser.error(f"there is no case {unknown[0]}; --list shows them")
    chosen = [cases[name] for name in options.cases] or list(cases.values())
    configure_logging(Settings(_env_file=None), clients=logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = options.logs or Path(tempfile.mkdtemp(prefix="rasd-faults-"))
    accounts: list[Account] = []
    with temporary_stack() as servers:
        for each in chosen:
            started = time.monotonic()
            print(f"{each.name}: {each.fault}", flush=True)
            account = run_case(each, servers, size(), folder / f"{len(accounts) + 1}-{each.name}")
            accounts.append(account)
            print(" | ".join(row(account)), f"({time.monotonic() - started:.0f} s in all)", flush=True)
            for problem in account.problems:
                print(f"  {problem}", flush=True)
            if options.record is not None:
                record([account], options.record)
    print(f"\n{size():,} articles a case\n\n{table(accounts)}\n\nlogs of the workers: {folder}")
    return int(any(not account.passed and account.skipped is None for account in accounts))


if __name__ == "__main__":
    sys.exit(main())
