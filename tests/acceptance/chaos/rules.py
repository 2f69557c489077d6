"""The rules of a run: those that are shipped, and some with silences short enough to see end.

Nothing is held back as chattering: the state of what is held back depends on when it is looked at,
and the reference knows events only. What is active does not change by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of the rules below, in whole seconds of event time."""

    within_s: int
    silence_s: int
    #: Of `chaos-crowd` and `chaos-loitering`.
    count_lateness_s: int
    #: Of `chaos-tamper`.
    match_lateness_s: int


#: For the full run: the silence is longer than any outage in it, so that a clear by silence never
#: comes while an event that prolongs the alarm waits for Kafka to be started again.
FULL = Pace(within_s=15, silence_s=30, count_lateness_s=90, match_lateness_s=60)
#: For a look of a few seconds.
SHORT = Pace(within_s=4, silence_s=5, count_lateness_s=30, match_lateness_s=20)

_RULES = """\
rules:
  - id: chaos-crowd
    title: "Đám đông tại {{area}}"
    title_en: "Crowd in {{area}}"
    type: ioc.camera.alert
    kind: count
    when:
      label: crowd
      score: {{ge: 0.7}}
    count:
      n: 4
      within: {within_s}s
    per: area
    severity: medium
    clear:
      silence: {silence_s}s
    max_lateness: {count_lateness_s}s
  - id: chaos-loitering
    title: "Lảng vảng: {{device}}"
    title_en: "Loitering: {{device}}"
    type: ioc.camera.alert
    kind: count
    when:
      label: loitering
    count:
      n: 3
      within: {within_s}s
    per: device
    severity: low
    clear:
      silence: {silence_s}s
    max_lateness: {count_lateness_s}s
    acknowledge: false
  - id: chaos-tamper
    title: "Tháo mở: {{device}}"
    title_en: "Tamper: {{device}}"
    type: ioc.fire.reading
    kind: match
    when:
      kind: tamper
      state: alarm
    per: device
    severity: medium
    clear:
      when:
        kind: tamper
        state: [restore, normal]
    max_lateness: {match_lateness_s}s
    acknowledge: false
"""

_PHILOSOPHY = "philosophy: {chattering: off}\n"


def write_rules(config_dir: Path, pace: Pace) -> None:
    """Write the rules file of a site with this pace, and its philosophy."""
    folder = config_dir / "rules"
    folder.mkdir(parents=True, exist_ok=True)
    text = _RULES.format(
        within_s=pace.within_s,
        silence_s=pace.silence_s,
        count_lateness_s=pace.count_lateness_s,
        match_lateness_s=pace.match_lateness_s,
    )
    (folder / "chaos.yaml").write_text(text, encoding="utf-8")
    (config_dir / "philosophy.yaml").write_text(_PHILOSOPHY, encoding="utf-8")
