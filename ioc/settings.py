"""Every setting of the product: its name, its default and its sentence."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "IOC_"
#: Variables that only tests read.
TEST_PREFIX = "IOC_TEST_"


class Settings(BaseSettings):
    """Read from the environment, each as `IOC_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    kafka: str = Field(
        "127.0.0.1:9092", description="Kafka bootstrap servers, host:port[,host:port]."
    )
    database_url: SecretStr = Field(
        SecretStr("postgresql://ioc@127.0.0.1:5432/ioc"),
        description="PostgreSQL or TimescaleDB, as a URL or a libpq string.",
    )
    data_dir: Path = Field(
        Path(".ioc"), description="The folder in which `ioc up` keeps its state."
    )
    config_dir: Path | None = Field(
        None,
        description="Folder with a site's rules/, webhooks/, … as YAML; none: what is shipped.",
    )
    api_host: str = Field("127.0.0.1", description="Address that the API listens on.")
    api_port: int = Field(8080, ge=0, le=65535, description="Port that the API listens on.")
    api_allowed_hosts: tuple[str, ...] = Field(
        (), description="Further Host names (JSON list) that browsers may use to reach the API."
    )
    auth: bool = Field(
        False, description="Ask for an API key; may be off only on a loopback address."
    )
    simulate: bool = Field(True, description="`ioc up` starts the simulated province.")
    partitions: int = Field(4, ge=1, le=512, description="Partitions of each source's topic.")
    replication: int = Field(1, ge=1, le=5, description="Replicas of each topic.")
    group: str = Field("ioc-worker", description="Consumer group of the workers.")
    batch_rows: int = Field(
        10_000, ge=1, le=100_000, description="Most records that one transaction takes."
    )
    committers: int = Field(
        3, ge=1, le=64, description="Processes of a worker that decode and commit."
    )
    fetch_bytes: int = Field(
        8 * 1024 * 1024, ge=65_536, description="Most bytes that one fetch brings."
    )
    session_timeout_s: float = Field(
        10.0, ge=6, le=300, description="Seconds after which a silent worker loses its partitions."
    )
    watchdog_s: float = Field(
        60.0,
        ge=5,
        description="Seconds that stored offsets may stand still while there is lag.",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="Address of the worker's and the notifier's /metrics and /readyz.",
    )
    worker_metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the worker's /metrics and /readyz; 0: none."
    )
    notifier_metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the notifier's /metrics and /readyz; 0: none."
    )
    webhook_allow_private: bool = Field(
        False, description="Let webhooks go to private and loopback addresses."
    )
    webhook_timeout_s: float = Field(5.0, gt=0, le=30, description="Seconds for one attempt.")
    media_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts, addresses and networks (JSON list) that snapshots may be fetched from.",
    )
    wall_media: bool = Field(False, description="Show snapshots to viewers, so on walls, too.")
    dead_letter_days: int = Field(
        30, ge=1, description="Days after which a dead letter is deleted."
    )
    retention_days: int | None = Field(
        None, ge=1, description="Days that raw events are kept; none: for ever."
    )
    compress_after_days: int | None = Field(
        None, ge=8, description="Days after which TimescaleDB compresses events; none: never."
    )
    log_id: str | None = Field(
        None,
        description="Id of the embedded broker's log, set by `ioc up`; none: Kafka's topic ids.",
    )
    broker_memory_mib: int = Field(
        1024,
        ge=128,
        description="Resident memory at which the embedded broker is drained and renewed.",
    )

    @field_validator("config_dir")
    @classmethod
    def _is_folder(cls, value: Path | None) -> Path | None:
        # Without it a site would run on the shipped rules, and nobody would be told why.
        if value is not None and not os.path.isdir(value):
            raise PydanticCustomError("folder", "there is no such folder")
        return value

    @property
    def topic_retention(self) -> timedelta:
        """How long Kafka keeps events: the database is the memory, Kafka is the road."""
        return timedelta(days=7)


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return a sentence for each environment variable that looks like a setting and is none.

    A misspelt setting would be ignored. The sentence never has the value, which may be a secret.
    """
    known = [name.upper() for name in Settings.model_fields]
    sentences = []
    for name in sorted(names):
        wanted = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or name.startswith(TEST_PREFIX) or wanted in known:
            continue
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "`ioc settings` lists them."
        sentences.append(f"{name} is no setting; {hint}")
    return sentences
