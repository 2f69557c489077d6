"""All that a site decides about alarms: rules, and the lists that stand beside them in the files.

`ioc.rule` cannot know incidents and suppressions, which speak of alarms; here they meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ioc import rule
from ioc.rule import RuleSet
from ioc.rule.load import NO_SECTIONS, Section

#: What reads each list beside `rules:`.
SECTIONS: Mapping[str, Section] = NO_SECTIONS


def load_all(named_texts: Sequence[tuple[str, str]]) -> RuleSet:
    """Return what several files (name, text) say together.

    Raises:
        ioc.rule.RuleError: with everything that is wrong in them, each with its line.
    """
    return rule.load_all(named_texts, SECTIONS)


def in_force(config_dir: Path | None) -> RuleSet:
    """Return what is shipped with the site's own on top; errors as in `load_all`."""
    return rule.in_force(config_dir)
