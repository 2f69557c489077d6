"""The process behind `ioc worker`."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from typing import NoReturn

import faust
from prometheus_client import start_http_server

from connectors.kafka.topics import log_ids
from ioc.area import gazetteer
from ioc.errors import BrokerUnavailableError
from ioc.rule import in_force
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams.app import make_app

log = logging.getLogger(__name__)

KAFKA_WAIT_S = 2.0
KAFKA_TRIES = 30
#: A batch keeps tens of thousands of events alive; the collector's defaults would walk them all
#: again and again and find nothing.
GC_THRESHOLDS = (200_000, 50, 100)


def run(settings: Settings) -> NoReturn:
    """Work until told to stop; ends with an error when the worker has crashed."""
    rules = in_force(settings.config_dir)
    logs = _patiently(lambda: log_ids(settings, EVENT_TOPICS))
    gazetteer().at(21.59, 105.84)  # the polygons are loaded now, not with the first event
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port)
    app = make_app(settings, logs, rules)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()
    raise AssertionError("the worker ends the process")


def _patiently(ask: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Wait a minute for Kafka: it may be starting, too."""
    for _ in range(KAFKA_TRIES):
        try:
            return ask()
        except BrokerUnavailableError as error:
            log.warning("%s; waiting", error, extra={"action": "wait_kafka"})
            time.sleep(KAFKA_WAIT_S)
    return ask()
