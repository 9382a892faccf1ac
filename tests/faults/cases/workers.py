"""Faults of the workers: killed, stopped, frozen, more and fewer of them, without their state."""

from __future__ import annotations

import os
import shutil
import signal

from tests.faults.cases import case
from tests.faults.trial import Trial, waited

STAGES = ("clean", "fingerprint", "dedupe", "entities", "geotag", "index", "moves")
# Longer than the session timeout of the trials (6 s), so that the frozen worker's partitions are given to another.
FROZEN_SECONDS = 20.0


@case("undisturbed", "none")
def undisturbed(trial: Trial) -> None:
    """Send everything through one worker."""
    trial.start_worker()
    trial.send(trial.stories)


@case("kill-nine", "kill −9 of the only worker, five times")
def kill_nine(trial: Trial) -> None:
    """Kill the worker in the middle of each part, and start it again."""
    running = trial.start_worker()
    for part in trial.flow(6):
        if part < 5:
            running.kill()
            running = trial.restart(running, wait=False)
    trial.fault_ended()


@case("rolling-restart", "two workers, each stopped by SIGTERM and started again, three times")
def rolling_restart(trial: Trial) -> None:
    """Stop and start two workers in turn, as a deployment does."""
    pair = [trial.start_worker(wait=False), trial.start_worker(wait=False)]
    trial.until_ready(*pair)
    for part in trial.flow(6):
        at = part % 2
        waited(pair[at].stop() == 0, f"SIGTERM ended it with another status:\n{pair[at].tail()}")
        pair[at] = trial.restart(pair[at])
    trial.fault_ended()


@case("frozen-worker", f"two workers, each frozen (SIGSTOP) for {FROZEN_SECONDS:.0f} s, past the session timeout")
def frozen_worker(trial: Trial) -> None:
    """Freeze each of two workers until its partitions are another's, then let it go on."""
    pair = [trial.start_worker(wait=False), trial.start_worker(wait=False)]
    trial.until_ready(*pair)
    for part in trial.flow(3):
        if part < 2:
            os.kill(pair[part].process.pid, signal.SIGSTOP)
            trial.wait(FROZEN_SECONDS)
            os.kill(pair[part].process.pid, signal.SIGCONT)
    trial.fault_ended()


@case("two-four-one", "two workers, then four, then one")
def two_four_one(trial: Trial) -> None:
    """Change the number of workers while articles flow."""
    running = [trial.start_worker(wait=False) for _ in range(2)]
    for part in trial.flow(3):
        if part == 0:
            running += [trial.start_worker(wait=False) for _ in range(2)]
        elif part == 1:
            for one in running[1:]:
                one.stop()
    trial.fault_ended()


@case("worker-per-stage", "one worker for each stage, each killed (kill −9) in turn")
def worker_per_stage(trial: Trial) -> None:
    """Run every stage in a worker of its own; kill and restart them one after another."""
    running = [trial.start_worker(stage, wait=False) for stage in STAGES]
    trial.until_ready(*running)
    for at in trial.flow(len(STAGES)):
        running[at].kill()
        running[at] = trial.restart(running[at], wait=False)
    trial.fault_ended()


@case("state-wiped", "the table's folder is deleted: under a running worker, after a kill −9, at a start")
def state_wiped(trial: Trial) -> None:
    """Delete the local copy of the clusterer's table at three moments."""
    running = trial.start_worker()
    folder = trial.folder / "state0"
    for part in trial.flow(4):
        if part == 0:
            shutil.rmtree(folder, ignore_errors=True)
        elif part == 1:
            running.kill()
            shutil.rmtree(folder, ignore_errors=True)
            running = trial.restart(running, wait=False)
        elif part == 2:
            running.stop()
            shutil.rmtree(folder, ignore_errors=True)
            running = trial.restart(running, wait=False)
    trial.fault_ended()


@case("four-on-two", "four workers on two partitions, two of them killed (kill −9)", partitions=2)
def four_on_two(trial: Trial) -> None:
    """Run more workers than partitions: those without one must take over."""
    running = [trial.start_worker(wait=False) for _ in range(4)]
    trial.until_ready(*running)
    for part in trial.flow(3):
        if part < 2:
            running[part].kill()
    trial.fault_ended()
