"""The shipped rules about time, switched off: told of an old day, they call everything silent.

A test of such a rule starts its house without this.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ioc.rule import Rule, shipped


def quiet_settings(config_dir: Path) -> dict[str, str]:
    """Write the rules into a site's folder; return the settings that name it."""
    rules = shipped().scan_rules
    if not rules:
        return {}
    folder = config_dir / "rules"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quiet.yaml").write_text(switched_off(rules), encoding="utf-8")
    return {"IOC_CONFIG_DIR": str(config_dir)}


def switched_off(rules: Sequence[Rule]) -> str:
    """Return a rules file in which each of these is off; JSON is YAML."""
    return json.dumps({"rules": [{**rule.plain, "enabled": False} for rule in rules]}, indent=1)
