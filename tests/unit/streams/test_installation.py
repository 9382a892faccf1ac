"""A package that is another project's is named at the start, a missing extra when it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from streams.cli import main
from streams.installation import check_packages, install_hint, missing_extra

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("streams", "agents", "deploy")
FOREIGN = '"""Build agents in twenty lines."""\n\nfrom nowhere.at_all import Agent\n'


def tree(folder: Path, package: str, init: str | None) -> Path:
    """Make a folder that holds all of Rasd but the __init__.py of one package, which is `init`, or missing if None."""
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        for child in (ROOT / name).iterdir():
            if child.name != "__pycache__" and (name, child.name) != (package, "__init__.py"):
                (folder / name / child.name).symlink_to(child)
    if init is not None:
        (folder / package / "__init__.py").write_text(init)
    return folder


def distribution(folder: Path, name: str, package: str) -> None:
    """Record that a distribution in `folder` owns a package's __init__.py."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "RECORD").write_text(f"{package}/__init__.py,,\n{metadata.name}/METADATA,,\n{metadata.name}/RECORD,,\n")


def python(*arguments: str, path: Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with `path` before everything else that it imports from."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RASD_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd or path,
        env=environment | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_that_was_overwritten_is_named_with_its_owner(tmp_path: Path, package: str) -> None:
    # The package `streams` has to be importable for any message to come.
    init = FOREIGN if package != "streams" else '"""Streams of water."""\n'
    folder = tree(tmp_path / "site", package, init)
    distribution(folder, "other-things", package)
    done = python("-m", "streams.cli", "--help", path=folder)
    assert (done.returncode, done.stdout) == (1, "")
    message, hint = done.stderr.splitlines()
    assert (
        message == f"rasd: the package {package} is that of other-things, not Rasd's ({folder}/{package}/__init__.py)"
    )
    assert "environment of its own" in hint
    assert "pip uninstall other-things; pip install --force-reinstall --no-deps ." in hint


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_whose_init_was_deleted_is_named(tmp_path: Path, package: str) -> None:
    done = python("-m", "streams.cli", "--help", path=tree(tmp_path / "site", package, None))
    assert (done.returncode, done.stdout) == (1, "")
    message, hint = done.stderr.splitlines()
    assert message.startswith(f"rasd: the package {package} is incomplete")
    assert "pip install --force-reinstall --no-deps ." in hint


def test_a_package_that_shadows_ours_from_another_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text(FOREIGN)
    # As in an editable installation: Rasd is elsewhere, and comes later.
    code = f"import sys; sys.path.append({str(ROOT)!r}); from streams.cli.main import main; main()"
    done = python("-c", code, path=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("rasd: the package agents is that of another project")
    assert str(tmp_path / "agents" / "__init__.py") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("init", [FOREIGN, None])
def test_a_worker_that_faust_starts_says_it_too(tmp_path: Path, init: str | None) -> None:
    folder = tree(tmp_path / "site", "agents", init)
    done = python("-m", "faust", "-A", "streams.app", "worker", path=folder)
    assert done.returncode == 1
    assert "rasd: the package agents is " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_source_tree_that_was_never_installed_is_whole(tmp_path: Path) -> None:
    code = "from streams.installation import check_packages as check; check('streams', 'agents', 'deploy')"
    done = python("-S", "-c", code, path=ROOT, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_imports_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from streams.installation import check_packages as check; check('agents', 'deploy'); "
        "sys.exit(' '.join({'agents', 'deploy'} & sys.modules.keys()))"
    )
    done = python("-c", code, path=ROOT, cwd=tmp_path)
    assert done.stderr.strip() == ""


def test_here_all_is_ours() -> None:
    check_packages(*PACKAGES)


def test_each_extra_is_known_by_a_package_of_its_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {
        "local": "jgo.maven",
        "tracing": "opentelemetry.sdk",
        "neural": "torch",
        "train": "pycrfsuite",
        "parquet": "pyarrow",
        "apprise": "apprise",
        "accurate": "onnxruntime",
    }
    assert project["optional-dependencies"].keys() - {"dev"} == modules.keys()
    for extra, module in modules.items():
        error = missing_extra(ModuleNotFoundError(f"No module named {module!r}", name=module))
        assert error is not None
        assert f"the extra {extra}" in error.message
        assert error.hint == install_hint(extra)
    assert missing_extra(ModuleNotFoundError("No module named 'nowhere'", name="nowhere")) is None
    assert missing_extra(ModuleNotFoundError("halted; None in sys.modules")) is None


@pytest.mark.parametrize("extra", ["local", "tracing"])
def test_the_lock_that_a_hint_names_exists(extra: str) -> None:
    assert (ROOT / install_hint(extra).split()[-1]).is_file()


def test_a_command_whose_extra_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_jgo(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'jgo'", name="jgo.maven")

    monkeypatch.setattr("deploy.local.stack.up", no_jgo)
    assert main.run(["up"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said == f"rasd: this needs the extra local: no package jgo → {install_hint('local')}"
