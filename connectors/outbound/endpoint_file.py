"""Endpoints as files: `<config_dir>/webhooks/*.yaml` or `.yml`, one endpoint each or a list."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from connectors.outbound.webhook import check_secret, check_url
from connectors.timescale.endpoints import ENDPOINTS_MAX, Declared, check_filter, check_name
from ioc.errors import ConfigError
from ioc.settings import Settings

log = logging.getLogger(__name__)

FOLDER = "webhooks"
FILE_BYTES_MAX = 256 * 1024
KEYS = frozenset({"name", "url", "secret", "secret_env", "filter"})


@dataclass(frozen=True, slots=True)
class Found:
    """What the files declare; not complete when one of them could not be read."""

    endpoints: tuple[Declared, ...]
    is_complete: bool


def read_all(settings: Settings) -> Found:
    """Read every file of the folder.

    A broken file is said in the log and passed over: the duty officer of one endpoint must not go
    unwarned because of a typo in another. What it may have declared before stays as it was.
    """
    folder = settings.config_dir / FOLDER if settings.config_dir else None
    declared: dict[str, Declared] = {}
    is_complete = True
    files = [*folder.glob("*.yaml"), *folder.glob("*.yml")] if folder else []
    for file in sorted(files):
        try:
            found = read(file, settings.webhook_allow_private)
        except ConfigError as error:
            is_complete = False
            log.error("%s", error, extra={"action": "read_endpoint"})  # noqa: TRY400 - a sentence
            continue
        for endpoint in found:
            if endpoint.name in declared:
                log.error(
                    "%s: the name %r is declared twice; the first one counts",
                    file,
                    endpoint.name,
                    extra={"action": "read_endpoint"},
                )
            declared.setdefault(endpoint.name, endpoint)
    return Found(tuple(declared.values())[:ENDPOINTS_MAX], is_complete)


def read(file: Path, allow_private: bool) -> list[Declared]:
    """Return the endpoints of one file.

    Raises:
        ConfigError: it cannot be read, or one of them is wrong; the message names the file.
    """
    try:
        content = yaml.safe_load(_text_of(file))
        entries = content if isinstance(content, list) else [content]
        return [_declared(entry, allow_private) for entry in entries if entry is not None]
    except yaml.MarkedYAMLError as error:
        # Not the driver's whole message: it quotes the lines around, and there stands a secret.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{file}:{line}: {error.problem or 'this is not YAML'}") from None
    except (yaml.YAMLError, RecursionError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: it cannot be read ({type(error).__name__})") from None
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def _text_of(file: Path) -> str:
    if file.stat().st_size > FILE_BYTES_MAX:
        raise ConfigError(f"larger than {FILE_BYTES_MAX} bytes")
    return file.read_text("utf-8")


def _declared(entry: object, allow_private: bool) -> Declared:
    if not isinstance(entry, Mapping):
        raise ConfigError("name: …, url: … and secret: … are expected")
    unknown = sorted(str(key) for key in set(entry) - KEYS)
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is unknown; there are {', '.join(sorted(KEYS))}")
    name, url = _text(entry, "name"), _text(entry, "url")
    check_name(name)
    check_url(url, allow_private)
    check_filter(entry.get("filter"))
    return Declared(name.strip(), url, _secret(entry), dict(entry.get("filter") or {}))


def _secret(entry: Mapping[str, object]) -> str:
    if ("secret" in entry) == ("secret_env" in entry):
        raise ConfigError("either secret: whsec_… or secret_env: NAME_OF_A_VARIABLE is expected")
    if "secret" in entry:
        secret = _text(entry, "secret")
    else:
        variable = _text(entry, "secret_env")
        secret = os.environ.get(variable, "")
        if not secret:
            raise ConfigError(f"the environment variable {variable} is not set")
    check_secret(secret)
    return secret


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{key}: a text is expected")
    return value
