"""The process behind `ioc worker`."""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

import faust

from connectors.kafka.topics import log_ids
from connectors.timescale import timers
from connectors.timescale.database import connect
from ioc.area import gazetteer
from ioc.errors import BrokerUnavailableError, DatabaseUnavailableError
from ioc.intake import RECENT_RECORDS
from ioc.rule import in_force
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams.app import make_app
from streams.batch import Memory

log = logging.getLogger(__name__)

WAIT_S = 2.0
TRIES = 30
T = TypeVar("T")
#: A batch keeps tens of thousands of events alive; the collector's defaults would walk them all
#: again and again and find nothing.
GC_THRESHOLDS = (200_000, 50, 100)
#: The threads that commit need the interpreter for moments only; they must not wait 5 ms for each
#: of them while the next batch is decoded.
SWITCH_INTERVAL_S = 0.0005


def run(settings: Settings) -> NoReturn:
    """Work until told to stop; ends with an error when the worker has crashed."""
    memory = Memory(
        logs=_patiently(lambda: log_ids(settings, EVENT_TOPICS)),
        rules=in_force(settings.config_dir),
        aggregates=_patiently(lambda: _has_aggregates(settings)),
        recent_records=max(1, RECENT_RECORDS // settings.partitions),
    )
    gazetteer().at(21.59, 105.84)  # the polygons are loaded now, not with the first event
    app = make_app(settings, memory)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()
    raise AssertionError("the worker ends the process")


def _has_aggregates(settings: Settings) -> bool:
    with connect(settings.database_url.get_secret_value(), "ioc worker") as conn:
        return timers.has_timescale(conn)


def _patiently(ask: Callable[[], T]) -> T:
    """Wait a minute for Kafka and the database: they may be starting, too."""
    for _ in range(TRIES):
        try:
            return ask()
        except (BrokerUnavailableError, DatabaseUnavailableError) as error:
            log.warning("%s; waiting", error, extra={"action": "wait_start"})
            time.sleep(WAIT_S)
    return ask()
