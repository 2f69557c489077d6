"""What Prometheus is told of alarms: how many are hidden, what is open, how often it rang."""

from __future__ import annotations

from connectors.timescale import floods, incidents, suppression_pages
from connectors.timescale.database import Conn
from ioc import metrics
from ioc.severity import Severity


class Gauges:
    """Reads the figures now and then; every notifier counts all rings from its own start on."""

    def __init__(self) -> None:
        self._seq: int | None = None

    def look(self, conn: Conn) -> None:
        """Set every gauge, and count what rang since the last look."""
        hidden = suppression_pages.hidden_counts(conn)
        for reason, n in hidden.by_reason.items():
            metrics.ALARMS_HIDDEN.labels(reason).set(n)
        metrics.FLOODS_OPEN.set(floods.count_open(conn))
        metrics.INCIDENTS_OPEN.set(incidents.count_open(conn))
        if self._seq is None:
            self._seq = floods.newest_entry(conn)
            for severity in Severity:
                metrics.ALARMS_RUNG.labels(str(severity.priority)).inc(0)
            return
        rung, self._seq = floods.rung_since(conn, self._seq)
        for priority, n in rung.items():
            metrics.ALARMS_RUNG.labels(str(priority)).inc(n)
