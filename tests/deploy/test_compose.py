"""docker-compose.yml: what it says is valid, safe by default, and agrees with the settings class and the images."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from deploy.demo.samples import load_samples
from streams.cli.app import all_commands
from streams.settings import Settings
from streams.topics import topic_specs
from tests.deploy.memory import needed_memory
from tests.deploy.sources import COMPOSE_FILE, PROMETHEUS, ROOT, compose, default_compose, own_services

# Programs that a health check may start, by image. The official Elasticsearch and Grafana images carry curl, the
# Kafka image its own tools, the Prometheus image promtool, and ours (python:slim) nothing but Python.
PROGRAMS = {
    "apache/kafka": "/opt/kafka/bin/kafka-broker-api-versions.sh",
    "docker.elastic.co/elasticsearch/elasticsearch": "curl",
    "prom/prometheus": "promtool",
    "grafana/grafana": "curl",
    "rasd": "python",
}
ONE_SHOT = {"topics", "demo"}
SERVICES = default_compose()["services"]


def settings_of(environment: dict[str, str]) -> Settings:
    """The settings that a container with this environment reads."""
    values = {name.removeprefix("RASD_").lower(): value for name, value in environment.items() if "RASD_" in name}
    unknown = set(values) - set(Settings.model_fields)
    assert not unknown, f"no such settings: {sorted(unknown)}"
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def rasd_settings(service: str) -> Settings:
    return settings_of(SERVICES[service]["environment"])


def test_it_follows_the_compose_specification() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_the_whole_system() -> None:
    ours = {"topics", "worker", "watch", "matcher", "deliver", "archive", "api", "demo"}
    assert set(SERVICES) == ours | {"kafka", "elasticsearch", "prometheus", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_are_there_and_their_conditions_can_come_true(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        condition = wanted["condition"]
        if other in ONE_SHOT:
            assert condition == "service_completed_successfully"
        else:
            assert condition == "service_healthy"
            assert "test" in SERVICES[other]["healthcheck"]
        assert "profiles" not in SERVICES[other]


@pytest.mark.parametrize("name", own_services())
def test_our_commands_exist_and_take_these_arguments(name: str) -> None:
    command: Any = typer.main.get_command(all_commands())
    arguments = list(SERVICES[name]["command"])
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context(name, arguments)


def test_the_demo_sends_the_samples_and_nothing_else() -> None:
    (mount,) = SERVICES["demo"]["volumes"]
    source, target, mode = mount.split(":")
    assert mode == "ro"
    command, *paths = SERVICES["demo"]["command"]
    assert command == "ingest"
    folder = ROOT / source
    sent = {file for path in paths for file in (folder / Path(path).relative_to(target)).rglob("*") if file.is_file()}
    samples = load_samples(folder)
    assert sent == set(samples.inputs)
    assert folder / "expected.json" not in sent


def test_topics_are_created_before_any_worker_consumes() -> None:
    assert SERVICES["topics"]["command"] == ["topics", "create"]
    assert SERVICES["worker"]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert SERVICES["topics"]["restart"] == "no"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image in PROGRAMS
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), f"{image} has the tag {tag!r}"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_health_checks_start_programs_that_the_image_has(name: str) -> None:
    service = SERVICES[name]
    form, *command = service["healthcheck"]["test"]
    image = service["image"].rpartition(":")[0]
    words = command[0].split() if form == "CMD-SHELL" else command
    program = next(word for word in words if not re.match(r"[A-Z_]+=", word))
    assert program == PROGRAMS[image]


def test_the_health_tool_of_kafka_does_not_take_the_heap_of_the_broker() -> None:
    assert re.match(r"KAFKA_HEAP_OPTS=-Xmx\d{2}m ", SERVICES["kafka"]["healthcheck"]["test"][1])


@pytest.mark.parametrize(("name", "port"), [("worker", "worker_port"), ("api", "api_port")])
def test_ours_are_asked_on_the_port_that_they_listen_on(name: str, port: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "/opt/rasd/healthcheck.py"]
    assert test[3:] == [str(getattr(rasd_settings(name), port)), "/readyz"]
    assert "COPY deploy/healthcheck.py /opt/rasd/healthcheck.py" in (ROOT / "deploy/Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port


def test_no_two_services_publish_the_same_port() -> None:
    published = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == len(set(published))


def test_the_rasd_command_on_the_host_finds_every_server_by_its_defaults() -> None:
    host = Settings(_env_file=None)
    assert SERVICES["kafka"]["ports"] == [f"{host.kafka_bootstrap}:29092"]
    assert f"HOST://{host.kafka_bootstrap}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert SERVICES["elasticsearch"]["ports"] == [f"127.0.0.1:{host.elasticsearch_url.port}:9200"]
    assert SERVICES["api"]["ports"] == [f"{host.api_host}:{host.api_port}:{rasd_settings('api').api_port}"]


def test_another_port_of_kafka_is_also_the_advertised_one() -> None:
    kafka = compose({"RASD_LOCAL_KAFKA_PORT": "45092"})["services"]["kafka"]
    assert kafka["ports"] == ["127.0.0.1:45092:29092"]
    assert "HOST://127.0.0.1:45092" in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert "HOST://:29092" in kafka["environment"]["KAFKA_LISTENERS"].split(",")


def test_a_worker_can_be_scaled() -> None:
    worker = SERVICES["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    # A named volume would be shared by all replicas, and RocksDB lets one process alone open a table.
    assert worker["volumes"] == [str(rasd_settings("worker").state_dir)]


@pytest.mark.parametrize("name", own_services())
def test_our_settings_are_valid_and_point_into_the_network(name: str) -> None:
    settings = rasd_settings(name)
    broker, _, port = settings.kafka_bootstrap.partition(":")
    assert broker in SERVICES
    assert f"INTERNAL://{broker}:{port}" in SERVICES[broker]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert settings.elasticsearch_url.host in SERVICES
    assert settings.worker_host == settings.api_host == "0.0.0.0"  # noqa: S104 - inside its container


def test_settings_of_dotenv_reach_our_containers_but_addresses_do_not() -> None:
    for service in own_services().values():
        assert service["env_file"] == [{"path": ".env", "required": False}]
        assert {"RASD_KAFKA_BOOTSTRAP", "RASD_ELASTICSEARCH_URL", "RASD_STATE_DIR"} <= set(service["environment"])


def test_every_variable_of_the_file_is_a_setting_or_listed_in_the_example() -> None:
    names = set(re.findall(r"\$\{(\w+)", COMPOSE_FILE.read_text(encoding="utf-8")))
    example = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= example


@pytest.mark.parametrize("name", own_services())
def test_ours_run_with_a_read_only_root_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(entry.startswith("/tmp:") for entry in service["tmpfs"])  # noqa: S108 - a mount, not a file of ours


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_memory_limit_rotated_logs_and_a_restart_policy(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["deploy"]["resources"]["limits"]["memory"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


def test_data_is_on_named_volumes() -> None:
    parsed = default_compose()
    named = {
        volume.split(":")[0]: volume.split(":")[1]
        for service in parsed["services"].values()
        for volume in service.get("volumes", [])
        if re.match(r"[a-z]+:", volume)
    }
    assert named.keys() == parsed["volumes"].keys()
    assert named["kafka"] == SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert named["elasticsearch"] == "/usr/share/elasticsearch/data"
    assert named["snapshots"] == SERVICES["elasticsearch"]["environment"]["path.repo"]
    assert f"--storage.tsdb.path={named['prometheus']}" in SERVICES["prometheus"]["command"]


def test_snapshots_go_where_the_user_says() -> None:
    service = compose({"ELASTICSEARCH_SNAPSHOTS": "/srv/rasd"})["services"]["elasticsearch"]
    assert f"/srv/rasd:{service['environment']['path.repo']}" in service["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_are_in_the_repository_and_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        if volume.startswith("."):
            source, _, mode = volume.split(":")
            assert (ROOT / source).exists(), source
            assert mode == "ro"


def test_the_broker_takes_the_largest_record_and_creates_no_topic_by_itself() -> None:
    kafka = SERVICES["kafka"]["environment"]
    largest = max(int(spec.config["max.message.bytes"]) for spec in topic_specs(rasd_settings("worker")))
    assert int(kafka["KAFKA_MESSAGE_MAX_BYTES"]) >= largest
    assert int(kafka["KAFKA_REPLICA_FETCH_MAX_BYTES"]) >= int(kafka["KAFKA_MESSAGE_MAX_BYTES"])
    assert int(kafka["KAFKA_SOCKET_REQUEST_MAX_BYTES"]) > int(kafka["KAFKA_MESSAGE_MAX_BYTES"])
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_one_broker_is_asked_for_one_copy() -> None:
    kafka = SERVICES["kafka"]["environment"]
    copies = {name: value for name, value in kafka.items() if name.endswith(("REPLICATION_FACTOR", "MIN_ISR"))}
    assert len(copies) == 5
    assert set(copies.values()) == {"1"}
    assert rasd_settings("topics").replication == 1


def test_listeners_of_the_broker_agree_with_each_other() -> None:
    kafka = SERVICES["kafka"]["environment"]
    listeners = {entry.split("://")[0] for entry in kafka["KAFKA_LISTENERS"].split(",")}
    advertised = {entry.split("://")[0] for entry in kafka["KAFKA_ADVERTISED_LISTENERS"].split(",")}
    protocols = dict(entry.split(":") for entry in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert listeners == set(protocols) == advertised | {kafka["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    assert kafka["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised
    voter = kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"]
    assert voter == f"{kafka['KAFKA_NODE_ID']}@kafka:9093"
    assert "CONTROLLER://:9093" in kafka["KAFKA_LISTENERS"].split(",")
    assert len(base64.urlsafe_b64decode(kafka["CLUSTER_ID"] + "==")) == 16


def test_elasticsearch_is_one_node_without_security_on_a_closed_network() -> None:
    service = SERVICES["elasticsearch"]
    assert service["environment"]["discovery.type"] == "single-node"
    assert service["environment"]["xpack.security.enabled"] == "false"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    marks = [service["environment"][f"cluster.routing.allocation.disk.watermark.{n}"] for n in ("low", "high")]
    marks.append(service["environment"]["cluster.routing.allocation.disk.watermark.flood_stage"])
    free = [int(mark.removesuffix("gb")) for mark in marks]
    assert free == sorted(free, reverse=True)


def scrape_jobs() -> dict[str, dict[str, Any]]:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    return {job["job_name"]: job for job in config["scrape_configs"]}


@pytest.mark.parametrize(
    ("job", "name", "port"), [("rasd-worker", "worker", "worker_port"), ("rasd-api", "api", "api_port")]
)
def test_prometheus_scrapes_ours_where_they_listen(job: str, name: str, port: str) -> None:
    (found,) = scrape_jobs()[job]["dns_sd_configs"]
    assert found["names"] == [name]
    assert found["type"] == "A"
    assert found["port"] == getattr(rasd_settings(name), port)


def test_a_worker_and_its_stage_process_fit_into_the_limit_of_memory() -> None:
    settings = rasd_settings("worker")
    number, unit = re.fullmatch(r"(\d+)([mg])", SERVICES["worker"]["deploy"]["resources"]["limits"]["memory"]).groups()  # type: ignore[union-attr]
    assert int(number) * (1024 if unit == "g" else 1) >= needed_memory(settings, settings.stages)
