"""The Kubernetes manifests: valid for the API, unprivileged, and in agreement with settings, stages and image.

Kustomize builds them (of kubectl, or its own program); Kubernetes' schemas and KEDA's models come from packages.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import typer.main
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication

from streams import __version__
from streams.cli.app import all_commands
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.sources.watch.addresses import AddressGuard
from streams.topics import topic_name
from tests.deploy.manifests import (
    K8S,
    OVERLAYS,
    build,
    container,
    environment,
    kustomize,
    matches,
    of_kind,
    pod,
    workloads,
)
from tests.deploy.memory import needed_memory
from tests.deploy.sources import ROOT
from tests.deploy.test_compose import settings_of

Json = dict[str, Any]
KEDA = {"ScaledObject": ScaledObject, "TriggerAuthentication": TriggerAuthentication}


pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def settings(overlay: str) -> Settings:
    return settings_of(environment(overlay))


def stages(workload: Json) -> list[str]:
    """Folders of stages that its worker runs."""
    command, *options = container(workload)["args"]
    return options[options.index("--stages") + 1].split(",") if command == "worker" and "--tap" not in options else []


def process_of(workload: Json) -> str:
    """The command that its container runs: worker, watch, deliver or serve."""
    return str(container(workload)["args"][0])


def workers(overlay: str) -> dict[str, Json]:
    return {name: found for name, found in workloads(overlay).items() if stages(found)}


def test_the_api_takes_every_object(overlay: str) -> None:
    assert build(overlay)
    for found in build(overlay):
        if found["kind"] in KEDA:
            model: Any = KEDA[found["kind"]].model_validate(found)
            # The models ignore what they do not know, so a misspelt field would be missing here.
            assert model.model_dump(mode="json", by_alias=True, exclude_unset=True) == found
        else:
            kubernetes_validate.validate(found, "1.36", strict=True)


def test_names_are_unique_and_in_one_namespace(overlay: str) -> None:
    names = [(found["kind"], found["metadata"]["name"]) for found in build(overlay)]
    assert len(names) == len(set(names))
    (namespace,) = [name for kind, name in names if kind == "Namespace"]
    assert {f["metadata"]["namespace"] for f in build(overlay) if f["kind"] != "Namespace"} == {namespace}


def test_every_file_is_used(overlay: str) -> None:
    for folder in (K8S / "base", K8S / "overlays" / overlay):
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        named = set(kustomization["resources"]) | {patch["path"] for patch in kustomization.get("patches", [])}
        named |= {env for maker in kustomization["configMapGenerator"] for env in maker.get("envs", [])}
        assert {path.name for path in folder.iterdir()} <= named | {"kustomization.yaml"}


def test_pods_keep_to_the_restricted_standard(overlay: str) -> None:
    uid = int(re.search(r"^USER (\d+):\d+$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)[1])  # type: ignore[index]
    for workload in workloads(overlay).values():
        spec, found = pod(workload)["spec"], container(workload)
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == uid
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert found["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert found["image"] == f"rasd:{__version__}"
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert "hostPath" not in str(spec["volumes"])


def test_every_pod_has_room_and_a_limit_of_memory(overlay: str) -> None:
    for workload in workloads(overlay).values():
        resources = container(workload)["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        # No limit of processors: a stage that is behind may use what others leave.
        assert set(resources["limits"]) == {"memory"}


def test_pods_ask_for_the_memory_that_was_measured(overlay: str) -> None:
    """The table of docs/guides/production.md, by `python -m benchmarks.operations`."""
    manual = (ROOT / "docs/guides/production.md").read_text(encoding="utf-8")
    peaks = {
        name: int(mib) for name, mib in re.findall(r"^\| `(rasd-\w+)`[^|]*\|[^|]*\| (\d+) \|", manual, re.MULTILINE)
    }
    assert peaks.keys() == workloads(overlay).keys() - {"rasd-topics"}
    for name, peak in peaks.items():
        resources = container(workloads(overlay)[name])["resources"]
        assert mebibytes(resources["requests"]["memory"]) >= peak
        assert mebibytes(resources["limits"]["memory"]) >= 1.5 * peak


def mebibytes(quantity: str) -> int:
    """A quantity of memory as Kubernetes writes it."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", quantity).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit == "Gi" else 1)


def test_settings_are_valid_and_secrets_are_only_referred_to(overlay: str) -> None:
    read = settings(overlay)
    assert not of_kind(overlay, "Secret")
    assert read.kafka_password is None
    assert read.elasticsearch_api_key is None
    files = {name: value for name, value in environment(overlay).items() if name.endswith(("_FILE", "_CA"))}
    assert bool(files) == (overlay == "production")
    for workload in workloads(overlay).values():
        (source,) = container(workload)["envFrom"]
        names = [found["metadata"]["name"] for found in of_kind(overlay, "ConfigMap")]
        assert source["configMapRef"]["name"] in names
        mounts = {mount["mountPath"]: mount["name"] for mount in container(workload)["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod(workload)["spec"]["volumes"]}
        for path in files.values():
            folder = path.rpartition("/")[0]
            assert {"secret", "configMap"} & set(volumes[mounts[folder]]), path


def test_ours_find_their_files_in_the_secret_that_the_overlay_asks_for(overlay: str) -> None:
    comment = (K8S / "overlays" / overlay / "kustomization.yaml").read_text(encoding="utf-8")
    made = set(re.findall(r"--from-file=(\S+)", comment))
    asked = {v.rpartition("/")[2] for n, v in environment(overlay).items() if n.endswith(("_FILE", "_CA"))}
    assert asked == made


def test_commands_exist_and_every_stage_runs_once(overlay: str) -> None:
    for name, workload in workloads(overlay).items():
        command: Any = typer.main.get_command(all_commands())
        arguments = list(container(workload)["args"])
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(name, arguments)
    run = [stage for workload in workers(overlay).values() for stage in stages(workload)]
    assert sorted(run) == sorted(load_pipeline().names)


def test_the_stage_with_state_has_a_volume_of_its_own(overlay: str) -> None:
    (stateful,) = of_kind(overlay, "StatefulSet")
    assert stages(stateful) == ["dedupe"]
    (claim,) = stateful["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(stateful)["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == str(settings(overlay).state_dir)
    assert stateful["spec"]["serviceName"] in [s["metadata"]["name"] for s in of_kind(overlay, "Service")]


def test_every_worker_may_write_its_state(overlay: str) -> None:
    for workload in workers(overlay).values():
        assert str(settings(overlay).state_dir) in [m["mountPath"] for m in container(workload)["volumeMounts"]]


def test_probes_ask_where_the_processes_answer(overlay: str) -> None:
    read = settings(overlay)
    for workload in [*of_kind(overlay, "Deployment"), *of_kind(overlay, "StatefulSet")]:
        found = container(workload)
        (port,) = found["ports"]
        process = process_of(workload)
        wanted = {
            "worker": read.worker_port,
            "watch": read.watch_port,
            "deliver": read.alerts_port,
            "serve": read.api_port,
        }[process]
        assert port["containerPort"] == wanted
        assert pod(workload)["metadata"]["annotations"]["prometheus.io/port"] == str(wanted)
        paths = {kind: found[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        # Searches need no Kafka, so a broker's absence must not take the API away from its readers.
        ready = "/readyz?needs=search" if process == "serve" else "/readyz"
        assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": ready}
        assert {found[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "liveness", "readiness")} == {
            port["name"]
        }
    hosts = {read.worker_host, read.watch_host, read.alerts_host, read.api_host}
    assert hosts == {"0.0.0.0"}  # noqa: S104 - in its pod


def test_selectors_take_the_pods_that_they_mean(overlay: str) -> None:
    templates = {name: pod(workload)["metadata"]["labels"] for name, workload in workloads(overlay).items()}
    for workload in [*of_kind(overlay, "Deployment"), *of_kind(overlay, "StatefulSet")]:
        name = workload["metadata"]["name"]
        taken = [other for other, labels in templates.items() if matches(workload["spec"]["selector"], labels)]
        assert taken == [name]
        (spread,) = pod(workload)["spec"]["topologySpreadConstraints"]
        assert [o for o, labels in templates.items() if matches(spread["labelSelector"], labels)] == [name]
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        taken = [name for name, labels in templates.items() if matches(budget["spec"]["selector"], labels)]
        assert taken == [budget["metadata"]["name"]]
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    for service in of_kind(overlay, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        (target,) = [name for name, labels in templates.items() if matches(selector, labels)]
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] in [p["name"] for p in container(workloads(overlay)[target])["ports"]]
    budgets = {budget["metadata"]["name"] for budget in of_kind(overlay, "PodDisruptionBudget")}
    assert budgets == set(templates) - {"rasd-topics"}


def test_pods_reach_kafka_elasticsearch_and_names_alone_but_those_that_watch_and_deliver(overlay: str) -> None:
    read = settings(overlay)
    policy, *webs = sorted(
        (p for p in of_kind(overlay, "NetworkPolicy") if "Egress" in p["spec"]["policyTypes"]),
        key=lambda found: str(found["metadata"]["name"]),
    )
    let_out = {
        name: {port["port"] for rule in web["spec"]["egress"] for port in rule["ports"]}
        for web in webs
        for name, w in workloads(overlay).items()
        if matches(web["spec"]["podSelector"], pod(w)["metadata"]["labels"])
    }
    assert let_out == {"rasd-watch": {80, 443}, "rasd-deliver": {80, 443, 465, 587}}
    for web in webs:
        (rule,) = web["spec"]["egress"]
        for block in (to["ipBlock"] for to in rule["to"]):
            for network in block["except"]:
                assert not AddressGuard().permits(network.partition("/")[0]), "the manifest and the guard agree"
    assert all(
        matches(policy["spec"]["podSelector"], pod(workload)["metadata"]["labels"])
        for workload in workloads(overlay).values()
    )
    ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    kafka = {int(server.rpartition(":")[2]) for server in read.kafka_bootstrap.split(",")}
    assert ports == {53, urlsplit(str(read.elasticsearch_url)).port, *kafka}


def test_pods_grow_with_the_lag_of_their_topics_up_to_the_partitions(overlay: str) -> None:
    read = settings(overlay)
    scaled = of_kind(overlay, "ScaledObject")
    assert {found["metadata"]["name"] for found in scaled} == (
        {"rasd-clean", "rasd-enrich", "rasd-index"} if overlay == "production" else set()
    )
    for found in scaled:
        spec = found["spec"]
        target = workloads(overlay)[spec["scaleTargetRef"]["name"]]
        assert "replicas" not in target["spec"], "a number in the manifest undoes KEDA's at each apply"
        assert spec["maxReplicaCount"] == read.partitions
        reads = {topic_name(link.reads, read) for link in load_pipeline().select(stages(target))}
        for trigger in spec["triggers"]:
            given = trigger["metadata"]
            assert given["topic"] in reads
            assert given["consumerGroup"] == read.app_id
            assert environment(overlay)[given["bootstrapServersFromEnv"]] == read.kafka_bootstrap
            assert given["sasl"] == read.kafka_sasl_mechanism.lower().replace("-sha-", "_sha")
            assert given["tls"] == "enable"
            (way_in,) = of_kind(overlay, "TriggerAuthentication")
            assert trigger["authenticationRef"]["name"] == way_in["metadata"]["name"]
            assert way_in["spec"]["env"][0]["name"] in environment(overlay)


def test_prometheus_names_the_jobs_of_these_pods_as_rules_expect(overlay: str) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/kubernetes.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    named = {rule["replacement"]: rule["regex"] for rule in job["relabel_configs"] if rule.get("target_label") == "job"}
    for workload in [*of_kind(overlay, "Deployment"), *of_kind(overlay, "StatefulSet")]:
        component = pod(workload)["metadata"]["labels"]["app.kubernetes.io/component"]
        kinds = {"worker": "rasd-worker", "watch": "rasd-watch", "deliver": "rasd-deliver", "serve": "rasd-api"}
        wanted = "rasd-tap" if "--tap" in container(workload)["args"] else kinds[process_of(workload)]
        assert [name for name, pattern in named.items() if re.fullmatch(pattern, component)] == [wanted]
    (space,) = [found["metadata"]["name"] for found in of_kind(overlay, "Namespace")]
    assert job["kubernetes_sd_configs"][0]["namespaces"]["names"] == [space]


def test_traces_are_switched_on_by_a_component(overlay: str, tmp_path: Path) -> None:
    def relative(*parts: str) -> str:
        return os.path.relpath(K8S.joinpath(*parts), tmp_path)

    endpoint = "http://collector.monitoring:4318"
    traced = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "rasd",
        "resources": [relative("overlays", overlay)],
        "components": [relative("components", "tracing")],
        "configMapGenerator": [
            {"name": "rasd", "behavior": "merge", "literals": [f"OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}"]}
        ],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(traced), encoding="utf-8")
    built = kustomize(tmp_path)
    for found in built:
        if found["kind"] not in KEDA:
            kubernetes_validate.validate(found, "1.36", strict=True)
    (config,) = [f["data"] for f in built if f["kind"] == "ConfigMap" and f["metadata"]["name"].startswith("rasd-")]
    assert environment(overlay).items() <= config.items()
    assert settings_of(config).tracing is True
    assert config["OTEL_EXPORTER_OTLP_ENDPOINT"] == endpoint
    (policy,) = [f for f in built if f["kind"] == "NetworkPolicy" and f["metadata"]["name"] == "rasd"]
    ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]]
    assert ports.count(urlsplit(endpoint).port) == 1


def test_the_archive_is_switched_on_by_a_component(overlay: str, tmp_path: Path) -> None:
    """Of an overlay itself, so that its namespace, secrets and spread are the archive's, too."""
    k8s = shutil.copytree(K8S, tmp_path / "k8s")
    file = k8s / "overlays" / overlay / "kustomization.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}components: [../../components/archive]\n", encoding="utf-8")
    before = {(f["kind"], f["metadata"]["name"]): f for f in build(overlay)}
    built = {(f["kind"], f["metadata"]["name"]): f for f in kustomize(file.parent)}
    added = {key: found for key, found in built.items() if key not in before}
    assert {key: built[key] for key in before} == before
    assert sorted(added) == [("Service", "rasd-archive"), ("StatefulSet", "rasd-archive")]
    for found in added.values():
        kubernetes_validate.validate(found, "1.36", strict=True)
    archive, other = added["StatefulSet", "rasd-archive"], workloads(overlay)["rasd-dedupe"]
    for each in (archive, other):
        assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "rasd"
    found, known = container(archive), container(other)
    assert archive["metadata"]["namespace"] == other["metadata"]["namespace"]
    assert found["args"] == ["worker", "--tap", "archive"]
    alike = ("image", "envFrom", "ports", "startupProbe", "livenessProbe", "readinessProbe", "securityContext")
    assert {name: found[name] for name in alike} == {name: known[name] for name in alike}
    # Where it writes is on the volume, and the volume is its own.
    (claim,) = archive["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in found["volumeMounts"]}
    (folder,) = [entry["value"] for entry in found["env"] if entry["name"] == "RASD_ARCHIVE_DIR"]
    assert folder.startswith(f"{mounts[claim['metadata']['name']]}/")
    assert environment(overlay)["RASD_STATE_DIR"].startswith(mounts[claim["metadata"]["name"]])
    assert set(mounts) - {"archive", "tmp"} == {m["name"] for m in known["volumeMounts"]} - {"state", "tmp"}
    assert archive["spec"]["replicas"] == 1


def test_a_worker_and_its_stage_process_fit_into_the_limit_of_memory(overlay: str) -> None:
    known = settings(overlay)
    for workload in workers(overlay).values():
        limit = mebibytes(container(workload)["resources"]["limits"]["memory"])
        assert limit >= needed_memory(known, stages(workload)), stages(workload)
