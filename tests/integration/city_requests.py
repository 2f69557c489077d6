"""Real service requests of a city (Los Angeles, end of 2017) as citizens' reports.

City of Los Angeles open data, by way of hackforla/311-data (MIT); see tests/data/README.md.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.real.need import REPO, missing

ZONE = ZoneInfo("America/Los_Angeles")
WHOLE = REPO.parent / "shared" / "data" / "citizen" / "la311_2017_yearend_10k.csv.gz"
SAMPLE = REPO / "tests" / "data" / "la311_sample.csv.gz"
STATUS = {
    "Open": "open",
    "Referred Out": "in_progress",
    "Closed": "resolved",
    "Cancelled": "rejected",
}
CHANNEL = {
    "Call": "phone",
    "Voicemail": "phone",
    "Mobile App": "app",
    "Self Service": "web",
    "Email": "email",
}


def whole_file() -> Path:
    """Return the file of 9,999 requests; where it is not there, skip (with CI=true fail)."""
    if not WHOLE.is_file():
        missing(f"no {WHOLE.name} in ../shared/data/citizen (see tests/data/README.md)")
    return WHOLE


def la311_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield one event per request, newest first as in the file: what is known of it by now.

    A request outside the province keeps its point; one without a point has none.
    """
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {
                "specversion": "1.0",
                "id": row["SRNumber"],
                "source": "/la311",
                "type": "ioc.citizen.report",
                "time": _time(row["CreatedDate"]),
                "subject": row["SRNumber"],
                "data": _data(row),
            }


def _data(row: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "report": row["SRNumber"],
        "category": row["RequestType"],
        "status": STATUS[row["Status"]],
        "channel": CHANNEL.get(row["RequestSource"], "other"),
        "emergency": False,
    }
    if row["ServiceDate"]:
        data["due_at"] = _time(row["ServiceDate"])
    if row["Latitude"] and row["Longitude"]:
        data["lat"], data["lon"] = float(row["Latitude"]), float(row["Longitude"])
    if row["Address"]:
        data["address"] = row["Address"]
    return data


def _time(text: str) -> str:
    """Return RFC 3339 of a 12-hour local time such as `12/31/2017 11:59:58 PM`."""
    local = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=ZONE)
    return local.isoformat()
