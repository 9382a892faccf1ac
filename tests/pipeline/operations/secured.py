"""A Kafka with TLS, SASL and client certificates, and an Elasticsearch with TLS and API keys, for tests.

They are the servers of `deploy.local` with a configuration of their own, which the native stack, on loopback, has no
need of.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from deploy.local import process
from deploy.local.artifacts import load_product
from deploy.local.elasticsearch import Elasticsearch
from deploy.local.fetch import fetch
from deploy.local.jdk import find_jdk
from deploy.local.kafka import Kafka
from deploy.local.paths import cache_dir, give, service_user
from deploy.local.process import Launch
from deploy.local.service import Server, ServerFolders, Site, free_port
from deploy.local.temporary import QUICK_JAVA
from streams.settings import MIB
from tests.support.certificates import Authority
from tests.support.processes import ROOT, wait_until

USER, PASSWORD = "rasd", "سرّ-d9!f"
ADMIN, ADMIN_PASSWORD = "admin", "only-in-this-test"
API_KEY_ROLE = ROOT / "deploy" / "elasticsearch" / "api-key.json"


@dataclass(frozen=True, slots=True)
class Listeners:
    """Ports of the broker, by what they ask of a client."""

    plain: int
    sasl_ssl: int
    ssl: int
    sasl_plaintext: int


def _site(server: Server, folder: Path, port: int, heap: str) -> Site:
    cache, user = cache_dir(), service_user()
    console = Console(stderr=True)
    jdk = find_jdk(cache, user, console)
    product = load_product(server.name)
    program = server.install(fetch(product, cache, console), cache, product.version, jdk)
    layout = ServerFolders(folder / server.name)
    for part in layout.parts:
        part.mkdir(parents=True, exist_ok=True)
        give(part, user)
    return Site(layout, port, heap, 8 * MIB, product.version, jdk, program, user, QUICK_JAVA.split())


@contextmanager
def _running(site: Site, launch: Launch) -> Iterator[None]:
    """The server, from its start to its end."""
    for part in site.layout.parts:
        give(part, site.user)
    process.spawn(launch, home=site.layout.folder, output=site.layout.output, user=site.user)
    try:
        yield
    finally:
        process.stop(process.find(site.layout.folder, site.user), 30)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-30:]) if path.exists() else f"no {path}"


@contextmanager
def kafka(folder: Path, authority: Authority) -> Iterator[Listeners]:
    """A broker with four listeners. The plain one is for the test's own tools."""
    ports = Listeners(free_port(), free_port(), free_port(), free_port())
    server = Kafka()
    site = _site(server, folder, ports.plain, "512m")
    launch = server.prepare(site)
    config = site.layout.config / "server.properties"
    identity = site.layout.config / "broker.pem"
    identity.write_text(authority.issue("broker").joined())
    trusted = site.layout.config / "ca.pem"
    trusted.write_bytes(authority.certificate.read_bytes())
    given = dict(line.split("=", 1) for line in config.read_text().splitlines())
    named = {"SASL_SSL": ports.sasl_ssl, "SSL": ports.ssl, "SASL_PLAINTEXT": ports.sasl_plaintext}
    more = ",".join(f"{name}://127.0.0.1:{port}" for name, port in named.items())
    plain_user = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="broker" password="unused" user_{USER}="{PASSWORD}";'
    )
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    given |= {
        "listeners": f"{given['listeners']},{more}",
        "advertised.listeners": f"{given['advertised.listeners']},{more}",
        "listener.security.protocol.map": ",".join(
            ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", *(f"{name}:{name}" for name in named)]
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(identity),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(trusted),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    }
    for listener in ("sasl_ssl", "sasl_plaintext"):
        given[f"listener.name.{listener}.plain.sasl.jaas.config"] = _java(plain_user)
        for mechanism in ("scram-sha-256", "scram-sha-512"):
            given[f"listener.name.{listener}.{mechanism}.sasl.jaas.config"] = scram
    config.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    with _running(site, launch):
        wait_until(lambda: server.trouble(ports.plain) is None, 60, lambda: _tail(server.log(site.layout)))
        _add_scram_user(site)
        yield ports


def _java(text: str) -> str:
    """As a Java properties file, which is Latin-1, takes it."""
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text)


def _add_scram_user(site: Site) -> None:
    tool: list[str | Path] = [
        site.jdk.java,
        "-Xmx128m",
        "-cp",
        ":".join(map(str, site.program.jars)),
        "kafka.admin.ConfigCommand",
    ]
    where = ["--bootstrap-server", f"127.0.0.1:{site.port}", "--alter", "--entity-type", "users", "--entity-name", USER]
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        config = ["--add-config", f"{mechanism}=[password={PASSWORD}]"]
        done = process.run([*tool, *where, *config], folder=site.layout.folder, user=site.user)
        assert done.returncode == 0, done.stdout


@dataclass(frozen=True, slots=True)
class SecuredElasticsearch:
    """A running server that takes https and known users only."""

    url: str
    api_key: str
    authority: Path

    def client(self) -> httpx.Client:
        """A client with the administrator's rights."""
        tls = ssl.create_default_context(cafile=self.authority)
        return httpx.Client(base_url=self.url, auth=(ADMIN, ADMIN_PASSWORD), verify=tls, timeout=30)


@contextmanager
def elasticsearch(folder: Path, authority: Authority) -> Iterator[SecuredElasticsearch]:
    """An Elasticsearch with https, an administrator from a file, and an API key with the rights that we document."""
    server = Elasticsearch()
    port = free_port()
    site = _site(server, folder, port, "768m")
    launch = server.prepare(site)
    config = site.layout.config
    pair = authority.issue("elasticsearch")
    (config / "http.pem").write_text(pair.certificate.read_text())
    (config / "http.key").write_text(pair.key.read_text())
    (config / "users").write_text(f"{ADMIN}:{_pbkdf2(ADMIN_PASSWORD)}\n")
    (config / "users_roles").write_text(f"superuser:{ADMIN}\n")
    yml = config / "elasticsearch.yml"
    lines = [line for line in yml.read_text().splitlines() if not line.startswith("xpack.security")]
    secured = {
        "xpack.security.enabled": True,
        "xpack.security.authc.password_hashing.algorithm": "pbkdf2",
        "xpack.security.authc.api_key.enabled": True,
        "xpack.security.http.ssl.enabled": True,
        "xpack.security.http.ssl.certificate": "http.pem",
        "xpack.security.http.ssl.key": "http.key",
    }
    yml.write_text("\n".join([*lines, *(f"{name}: {json.dumps(value)}" for name, value in secured.items())]) + "\n")
    with _running(site, launch):
        url = f"https://127.0.0.1:{port}"
        unkeyed = SecuredElasticsearch(url, "", authority.certificate)
        with unkeyed.client() as client:

            def ready() -> bool:
                try:
                    return client.get("/_cluster/health").status_code == 200
                except httpx.HTTPError:
                    return False

            wait_until(ready, 120, lambda: _tail(server.log(site.layout)) + _tail(site.layout.output))
            made = client.post("/_security/api_key", json=json.loads(API_KEY_ROLE.read_text()))
            assert made.status_code == 200, made.text
        yield SecuredElasticsearch(url, made.json()["encoded"], authority.certificate)


def _pbkdf2(password: str) -> str:
    """A hash as Elasticsearch's file realm writes it."""
    salt, rounds = os.urandom(32), 10_000
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 32)
    return f"{{PBKDF2}}{rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
