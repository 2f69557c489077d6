"""Which alarms: the one matcher of everything that hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import cast

from ioc.alarm import Alarm
from ioc.severity import Severity

#: Most words of one kind: a few more than there are communes.
WORDS_MAX = 200
WORD_CHARACTERS_MAX = 200

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which alarms: every set that is not empty must hold the alarm's word.

    A source is a family (`fire`) or the CloudEvents source of one sender (`/sia/1234`).
    """

    rules: frozenset[str] = _NONE
    areas: frozenset[str] = _NONE
    sources: frozenset[str] = _NONE
    devices: frozenset[str] = _NONE
    keys: frozenset[str] = _NONE
    severities: frozenset[Severity] = frozenset()

    def matches(self, alarm: Alarm) -> bool:
        """Return whether the alarm is one of these."""
        return (
            (not self.rules or alarm.rule in self.rules)
            and (not self.areas or alarm.area in self.areas)
            and (not self.devices or alarm.device in self.devices)
            and (not self.keys or alarm.key in self.keys)
            and (not self.severities or alarm.severity in self.severities)
            and (
                not self.sources
                or alarm.source in self.sources
                or alarm.event_source in self.sources
            )
        )

    @property
    def is_all(self) -> bool:
        """Whether it leaves no alarm out."""
        words = (self.rules, self.areas, self.sources, self.devices, self.keys)
        return not any(words) and len(self.severities) in {0, len(Severity)}

    def meets(self, other: Matcher) -> bool:
        """Return whether an alarm could be one of both; True when that cannot be told."""
        return all(
            not mine or not theirs or not mine.isdisjoint(theirs)
            for mine, theirs in zip(self._sets(), other._sets(), strict=True)
        )

    def narrowed(self, other: Matcher) -> Matcher | None:
        """Return the matcher of what is one of both; None when nothing can be."""
        found: dict[str, frozenset[str]] = {}
        for name, mine, theirs in zip(_NAMES, self._sets(), other._sets(), strict=True):
            both = mine & theirs if mine and theirs else mine | theirs
            if mine and theirs and not both:
                return None
            found[name] = both
        return Matcher(**found)  # type: ignore[arg-type]

    def _sets(self) -> tuple[frozenset[str], ...]:
        return tuple(cast("frozenset[str]", getattr(self, name)) for name in _NAMES)

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON: sorted lists, without those that are empty."""
        pairs = zip(_NAMES, self._sets(), strict=True)
        return {name: sorted(str(word) for word in words) for name, words in pairs if words}

    @classmethod
    def parse(cls, value: object) -> Matcher:
        """Return the matcher of a row's JSON; ValueError when it is none, with a sentence."""
        if not isinstance(value, Mapping):
            raise ValueError(  # noqa: TRY004 - a wrong row or body, not a wrong call
                f"a matcher is a mapping with some of {', '.join(_NAMES)}"
            )
        found: dict[str, frozenset[str]] = {}
        for name, words in value.items():
            if name not in _NAMES:
                raise ValueError(f"a matcher has no {name!r}; it has {', '.join(_NAMES)}")
            if not isinstance(words, list) or not 1 <= len(words) <= WORDS_MAX:
                raise ValueError(f"{name} is a list of 1 to {WORDS_MAX} words")
            for word in words:
                if not isinstance(word, str) or not 1 <= len(word) <= WORD_CHARACTERS_MAX:
                    raise ValueError(f"{name}: a word has 1 to {WORD_CHARACTERS_MAX} characters")
                if "\0" in word:
                    raise ValueError(f"{name}: a word has no NUL in it")
            found[name] = frozenset(words)
        if "severities" in found:
            known = [each.value for each in Severity]
            if strange := sorted(found["severities"] - set(known)):
                raise ValueError(f"severities cannot be {strange[0]!r}; {', '.join(known)} can")
            found["severities"] = frozenset(Severity(word) for word in found["severities"])
        return cls(**found)  # type: ignore[arg-type]


_NAMES = tuple(field.name for field in fields(Matcher))
