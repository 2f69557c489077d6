"""The deployment files, held against the compose schema, the settings and the metrics."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from ioc.settings import Settings

REPO = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((REPO / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")
# A full version: `:17`, `:latest` or `:3` is another image tomorrow.
PINNED = re.compile(r":v?\d+\.\d+\.\d+[\w.-]*$")
DASHBOARDS = sorted((REPO / "deploy/grafana/dashboards").glob("*.json"))
SUFFIX = re.compile(r"_(bucket|sum|count|total)$")


def test_the_compose_file_is_valid() -> None:
    # The schema that check-jsonschema ships; its command line is not needed, nor the network.
    schema = distribution("check-jsonschema").locate_file(
        "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    )
    validator = import_module("jsonschema").Draft7Validator(
        json.loads(Path(str(schema)).read_text())
    )
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_services_image_is_pinned(name: str) -> None:
    assert PINNED.search(SERVICES[name]["image"])


def test_the_images_bases_are_pinned() -> None:
    dockerfile = (REPO / "deploy/Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert bases
    assert all(PINNED.search(base) for base in bases)
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER [1-9]", dockerfile, re.MULTILINE)


def test_our_image_has_the_version_and_the_packages_of_the_project() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    version = project["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"ioc-service:{version}"}
    copied = re.findall(r"^COPY (\w+) \1$", (REPO / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert copied == project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    let_in = (REPO / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} <= set(let_in)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_or_is_waited_for_until_it_is_done(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        waited = [other.get("depends_on", {}).get(name, {}) for other in SERVICES.values()]
        assert {"condition": "service_completed_successfully"} in waited
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory"} <= limits.keys()


@pytest.mark.parametrize("name", sorted(OURS - {"migrate"}))
def test_our_processes_start_after_the_migration(name: str) -> None:
    waits = SERVICES[name]["depends_on"]
    assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert waits["kafka"]["condition"] == waits["timescale"]["condition"] == "service_healthy"


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_settings_exist_and_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SERVICES[name]["environment"]
    environment = {key: value for key, value in given.items() if key.startswith("IOC_")}
    fields = {f"IOC_{field}".upper() for field in Settings.model_fields}
    assert environment.keys() <= fields
    for key, value in environment.items():
        monkeypatch.setenv(key, VARIABLE.sub(_filled_in, value))
    settings = Settings()
    assert settings.kafka == "kafka:9092"
    assert settings.auth == (name == "api")


def _filled_in(variable: re.Match[str]) -> str:
    default = variable[2].partition(":-")[2]
    return default or "filled-in"


def test_no_password_has_a_default_and_each_missing_value_has_a_sentence() -> None:
    text = (REPO / "docker-compose.yml").read_text()
    needed = {name for name, rest in VARIABLE.findall(text) if not rest.startswith(":-")}
    assert all(rest.startswith((":-", ":?set ")) for _, rest in VARIABLE.findall(text)), (
        "a variable has neither a default nor a sentence"
    )
    example = dict(
        line.split("=", 1)
        for line in (REPO / "deploy/env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert example.keys() == needed
    assert set(example.values()) == {""}
    assert {name for name in needed if "PASSWORD" in name} == {
        "POSTGRES_PASSWORD",
        "GRAFANA_PASSWORD",
    }


def test_each_mounted_file_is_in_the_repository() -> None:
    mounts = [
        mount.split(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", [])
        if mount.startswith("./")
    ]
    assert mounts
    assert [mount for mount in mounts if not (REPO / mount).exists()] == []


def test_kafka_is_the_version_that_the_tests_run() -> None:
    pom = (REPO / "tests/real/kafka-pom.xml").read_text()
    tested = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)<", pom)
    assert tested is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{tested[1]}"


def test_prometheus_asks_every_process_at_the_port_it_listens_on() -> None:
    scraped = yaml.safe_load((REPO / "deploy/prometheus/prometheus.yml").read_text())
    asked = {
        name: config["port"]
        for job in scraped["scrape_configs"]
        for config in job.get("dns_sd_configs", [])
        for name in config["names"]
    }
    ports = {
        "worker": SERVICES["worker"]["environment"]["IOC_WORKER_METRICS_PORT"],
        "notifier": SERVICES["notifier"]["environment"]["IOC_NOTIFIER_METRICS_PORT"],
        "api": SERVICES["api"]["environment"]["IOC_API_PORT"],
    }
    assert asked == {name: int(port) for name, port in ports.items()}
    for name, port in ports.items():
        assert f":{port}/readyz" in SERVICES[name]["healthcheck"]["test"][-1]


def test_the_proxy_holds_no_live_event_back_and_shows_no_metrics() -> None:
    config = (REPO / "deploy/nginx/nginx.conf").read_text()
    blocks = dict(re.findall(r"location (=? ?/\S*) \{([^}]*)\}", config))
    assert "proxy_buffering off;" in blocks["= /api/v1/live"]
    assert "return 404;" in blocks["= /metrics"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_every_metric_of_a_dashboard_is_one_of_ours(path: Path) -> None:
    panels = json.loads(path.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for text in expressions for name in re.findall(r"\bioc_\w+", text)}
    assert named
    ours = inspect.getsource(import_module("ioc.metrics"))
    assert {name for name in named if SUFFIX.sub("", name) not in ours} == set()
    assert {panel["datasource"]["uid"] for panel in panels} == {"prometheus"}
