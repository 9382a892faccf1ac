"""The Kubernetes manifests of an overlay, as Kustomize itself builds them."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.sources import ROOT

K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("production", "trial")
WORKLOADS = ("Deployment", "StatefulSet", "Job")

Json = dict[str, Any]


def _builder() -> list[str]:
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    if kustomize := shutil.which("kustomize"):
        return [kustomize, "build"]
    message = "neither kubectl nor kustomize is installed: the manifests cannot be built"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def kustomize(folder: Path) -> list[Json]:
    """All objects that a kustomization makes."""
    done = subprocess.run([*_builder(), str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@lru_cache(maxsize=len(OVERLAYS))
def build(overlay: str) -> tuple[Json, ...]:
    """All objects of an overlay; not to be changed by its readers."""
    return tuple(kustomize(K8S / "overlays" / overlay))


def of_kind(overlay: str, *kinds: str) -> list[Json]:
    """The objects of some kinds."""
    return [found for found in build(overlay) if found["kind"] in kinds]


def workloads(overlay: str) -> dict[str, Json]:
    """What runs pods, by name."""
    return {found["metadata"]["name"]: found for found in of_kind(overlay, *WORKLOADS)}


def pod(workload: Json) -> Json:
    """A workload's pod template."""
    template: Json = workload["spec"]["template"]
    return template


def container(workload: Json) -> Json:
    """Its one container."""
    (found,) = pod(workload)["spec"]["containers"]
    return dict(found)


def environment(overlay: str) -> dict[str, str]:
    """What the generated ConfigMap gives every container."""
    (found,) = [c for c in of_kind(overlay, "ConfigMap") if c["metadata"]["name"].startswith("rasd-")]
    return dict(found["data"])


def matches(selector: Json, labels: Json) -> bool:
    """Whether a label selector (matchLabels alone) takes these labels."""
    assert set(selector) <= {"matchLabels"}
    return dict(selector.get("matchLabels", {})).items() <= labels.items()
