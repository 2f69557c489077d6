"""The process behind `ioc worker`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

import faust

from connectors.kafka.ping import answers
from connectors.kafka.topics import log_ids
from connectors.timescale import rule_versions, timers
from connectors.timescale.database import connect
from ioc.errors import BrokerUnavailableError, DatabaseUnavailableError
from ioc.intake import RECENT_RECORDS
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams.app import make_app
from streams.collector import calm_collector
from streams.committer import Brief

log = logging.getLogger(__name__)

WAIT_S = 2.0
PATIENCE_S = 60.0
T = TypeVar("T")


def run(settings: Settings) -> NoReturn:
    """Work until told to stop; ends with an error when the worker has crashed."""
    brief = Brief(
        database_url=settings.database_url.get_secret_value(),
        logs=_patiently(lambda: _logs(settings)),
        config_dir=settings.config_dir,
        aggregates=_patiently(lambda: _has_aggregates(settings)),
        recent_records=max(1, RECENT_RECORDS // settings.partitions),
    )
    _patiently(lambda: _check_rules(brief))
    app = make_app(settings, brief)
    calm_collector()
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes its escape codes into a log, too
    worker.execute_from_commandline()
    raise AssertionError("the worker ends the process")


def _logs(settings: Settings) -> dict[str, str]:
    # A log that `ioc up` has named is known without Kafka; Faust would be the first to ask it, and
    # ends with a traceback.
    if not answers(settings.kafka):
        raise BrokerUnavailableError(f"Kafka at {settings.kafka} does not answer")
    return log_ids(settings, EVENT_TOPICS)


def _has_aggregates(settings: Settings) -> bool:
    with connect(settings.database_url.get_secret_value(), "ioc worker") as conn:
        return timers.has_timescale(conn)


def _check_rules(brief: Brief) -> None:
    """Raise RuleError for what cannot be read: said here, once, and not by each committer."""
    with connect(brief.database_url, "ioc worker") as conn:
        rule_versions.in_force(conn, config_dir=brief.config_dir)


def _patiently(ask: Callable[[], T]) -> T:
    """Wait a minute for Kafka and the database: they may be starting, too."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except (BrokerUnavailableError, DatabaseUnavailableError) as error:
            if time.monotonic() >= until_s:
                raise
            log.warning("%s; waiting", error, extra={"action": "wait_start"})
            time.sleep(WAIT_S)
