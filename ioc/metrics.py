"""Every figure that the processes show at /metrics, each once, with its meaning."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

WORKER_LAG = Gauge(
    "ioc_worker_lag_records", "Records that Kafka has and the database has not.", ["topic"]
)
WORKER_EVENTS = Counter(
    "ioc_worker_events",
    "Records worked through; outcome stored, duplicate or dead.",
    ["source", "outcome"],
)
WORKER_BATCH_ROWS = Histogram(
    "ioc_worker_batch_rows",
    "Records in one transaction.",
    buckets=(1, 10, 100, 1_000, 5_000, 10_000, 20_000, 50_000),
)
WORKER_BATCH_SECONDS = Histogram(
    "ioc_worker_batch_seconds",
    "From a decoded batch to its commit.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WORKER_DEAD_LETTERS = Counter(
    "ioc_worker_dead_letters", "Records that could not be used.", ["source", "reason"]
)
WORKER_RETRIES = Counter(
    "ioc_worker_retries", "Batches done again; why database, fenced or clash.", ["why"]
)
WORKER_TRANSITIONS = Counter("ioc_worker_transitions", "Steps in alarms' lives.", ["type"])
WORKER_RULES = Gauge("ioc_worker_rules", "Rules that this worker runs.")
WORKER_RULES_REVISION = Gauge(
    "ioc_worker_rules_revision", "Number of the last change of the rules that this worker has."
)
WORKER_EVALUATE_SECONDS = Histogram(
    "ioc_worker_evaluate_seconds",
    "Evaluating the rules for the new events of one transaction.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
WORKER_VERDICTS = Counter("ioc_worker_verdicts", "What rules decided, by kind of rule.", ["kind"])

NOTIFIER_DELIVERIES = Counter(
    "ioc_notifier_deliveries",
    "Attempts to deliver; outcome delivered, retry, refused or gone.",
    ["outcome"],
)
NOTIFIER_SECONDS = Histogram(
    "ioc_notifier_delivery_seconds",
    "From the alarm's commit to the receiver's 2xx.",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600),
)
NOTIFIER_PENDING = Gauge("ioc_notifier_deliveries_pending", "Messages waiting to be delivered.")
NOTIFIER_TIMERS = Counter("ioc_notifier_timers", "Timer rows that came due.", ["kind"])
NOTIFIER_TIMERS_OVERDUE = Gauge(
    "ioc_notifier_timers_overdue", "Timer rows that are due and were not handled yet."
)
NOTIFIER_SCAN_SECONDS = Histogram(
    "ioc_notifier_scan_seconds",
    "One scan of one rule, by kind of rule.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
ALARMS_RUNG = Counter("ioc_alarms_rung", "Alarms annunciated, by priority.", ["priority"])
ALARMS_HIDDEN = Gauge("ioc_alarms_hidden", "Open alarms that do not ring now.", ["reason"])
FLOODS_OPEN = Gauge("ioc_floods_open", "Positions in an alarm flood now.")
INCIDENTS_OPEN = Gauge("ioc_incidents_open", "Incidents that are open now.")

API_SSE_CLIENTS = Gauge("ioc_api_sse_clients", "Live views open now.")
API_SSE_DROPPED = Counter("ioc_api_sse_dropped", "Live views closed by us.", ["reason"])
API_EVENTS = Counter(
    "ioc_api_events", "Events over HTTP; outcome accepted or refused.", ["outcome"]
)
API_REQUEST_SECONDS = Histogram(
    "ioc_api_request_seconds",
    "Requests by route and status class.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
