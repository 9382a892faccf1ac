"""Programs that are no Python packages."""

from __future__ import annotations

import os
import shutil

import pytest


def debian_program(name: str, package: str) -> str:
    """The path of a program; the test is skipped, saying what to install, when a person's machine lacks it.

    In CI it fails instead: `.ci/run` installs the package, and a skip would hide that it could not.
    """
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed (Debian: apt-get install {package})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found
