"""Fuzz the parts that read what strangers send: python -m tests.fuzz [TARGET…] [--seconds 60 | --runs 2000] [--seed 1]

Coverage-guided with atheris where it is installed (Linux), else with random changes of the seeds. Stops with
status 1 at the first failure; the input that causes it is in build/fuzz/TARGET/, and is run again with --input FILE.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz.mutation import MOST_BYTES, Failed, try_mutations

NAME = "broken"  # tests.fuzz.broken, run only when it is named
HAS_ATHERIS = importlib.util.find_spec("atheris") is not None
# An input that takes longer is a failure, seconds.
SLOW_SECONDS = 10
INSTRUMENTED = ["agents.clean", "agents.text", "streams.search", "streams.records", "tests.fuzz.broken"]


def main(arguments: list[str]) -> int:
    """Run the targets one after the other, each in a process of its own, as libFuzzer ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target")
    parser.add_argument("--runs", type=int, default=-1, help="inputs for each target; the same seed makes the same")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="where inputs are kept")
    parser.add_argument("--input", type=Path, help="run one input again")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        _fuzz(options.child, options.folder / options.child, (options.seconds, options.runs, options.seed))
        return 0
    known = ["query", "positions", "records", "page", "encoded"]
    if unknown := sorted(set(options.targets) - {*known, NAME}):
        parser.error(f"unknown target {unknown[0]}; known: {', '.join(known)}")
    targets = options.targets or known
    if options.input is not None:
        for target in targets:
            _target(target)[0](options.input.read_bytes())
        return 0
    if not HAS_ATHERIS:
        print("atheris is not installed: inputs are random, not guided by coverage")
    failed = []
    for target in targets:
        limits = [f"--{name}={getattr(options, name)}" for name in ("seconds", "runs", "seed", "folder")]
        print(f"fuzz {target}", flush=True)
        if subprocess.run([sys.executable, "-m", "tests.fuzz", "--child", target, *limits], check=False).returncode:
            failed.append(target)
    print(f"fuzz: {len(targets) - len(failed)} targets held" + (f", failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _target(name: str) -> tuple[Callable[[bytes], None], Sequence[str]]:
    """Import a target; return it with its seeds."""
    if name == NAME:
        from tests.fuzz.broken import SEED, broken

        return broken, [SEED]
    from tests.fuzz.targets import SEEDS, TARGETS

    return TARGETS[name], SEEDS[name]


def _fuzz(name: str, folder: Path, limits: tuple[int, int, int]) -> None:
    seconds, runs, seed = limits
    folder.mkdir(parents=True, exist_ok=True)
    if not HAS_ATHERIS:
        target, seeds = _target(name)
        try:
            try_mutations(target, seeds, runs=runs, seconds=seconds if runs < 0 else float("inf"), seed=seed)
        except Failed as error:
            (folder / "crash").write_bytes(error.data)
            raise
        return
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        target, seeds = _target(name)
    # Only the seeds: with what earlier runs found, the same seed would not make the same inputs.
    corpus, found = folder / "seeds", folder / "found"
    for place in (corpus, found):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    for number, text in enumerate(seeds):
        (corpus / f"{number}").write_text(text, encoding="utf-8")
    amount = f"-runs={runs}" if runs >= 0 else f"-max_total_time={seconds}"
    flags = [f"-seed={seed}", f"-timeout={SLOW_SECONDS}", f"-max_len={MOST_BYTES}", f"-artifact_prefix={folder}/"]
    atheris.Setup(["fuzz", *flags, "-verbosity=0", amount, str(found), str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
