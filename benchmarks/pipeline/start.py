"""Processor time of a start: python -m benchmarks.pipeline.start [--rounds 5] [--against FOLDER]

`rasd --help`, `rasd enrich` of one page, and importing and building all stages of a worker as far as the first record,
each in processes of their own. FOLDER is a checkout of another commit, run in turn with this one.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = """استئناف الدراسة في مدارس الساحل بعد العاصفة
أعلن مدير التعليم سامي الحداد في اللاذقية اليوم الثلاثاء أن المدارس تفتح أبوابها صباح الغد، بعد توقف دام ثلاثة أيام.
"""
WORKER = """
from streams.engine.faust.worker import create_worker
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.pipeline import load_pipeline
from streams.settings import Settings

context = LocalContext(Settings(_env_file=None), Metrics())
for wired in load_pipeline().load():
    wired.stage.build(context)
"""


def main() -> None:
    """Print the seconds of each, and the ratio to the other checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = cli_commands(Path(folder)) | {"a worker's stages": ["-c", WORKER]}
        roots = [ROOT, *([options.against.resolve()] if options.against else [])]
        for name, command in commands.items():
            rounds = [[seconds(root, command) for root in roots] for _ in range(options.rounds)]
            ours = [each[0] for each in rounds]
            line = f"{name:<22} {statistics.median(ours):.2f} s [{min(ours):.2f}, {max(ours):.2f}]"
            if options.against:
                ratios = [here / there for here, there in rounds]
                others = statistics.median(there for _, there in rounds)
                line += f", there {others:.2f} s, ratio {statistics.median(ratios):.2f}"
                line += f" [{min(ratios):.2f}, {max(ratios):.2f}]"
            print(line, flush=True)


def cli_commands(folder: Path) -> dict[str, list[str]]:
    """Write a page into a folder; return Python's arguments for a command without work and for enriching the page."""
    page = folder / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    return {
        "rasd --help": ["-m", "streams.cli", "--help"],
        "rasd enrich, one page": ["-m", "streams.cli", "enrich", str(page)],
    }


def seconds(root: Path, arguments: list[str]) -> float:
    """Run Python on a checkout; return the processor time of the process and its children, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
