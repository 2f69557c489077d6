"""`ioc rules replay`: what changed rules would have made of what happened."""

from __future__ import annotations

import contextlib
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import typer

from connectors.timescale.replays import Entry
from ioc import clock, rulebook
from ioc.cli.rules import refused, texts
from ioc.clock import LOCAL_ZONE
from ioc.kpi import Counts, flooded
from ioc.rule import RuleError
from ioc.settings import Settings
from streams.replay import Answer, Run, range_of, replay

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
#: So many occurrences are named; the others are counted.
SHOWN_MAX = 20


def run(
    settings: Settings,
    files: Sequence[Path],
    span: tuple[datetime | None, datetime | None],
    warm_up: timedelta,
    database_url: str | None,
) -> int:
    """Print what the files would have changed; return 1 when a file is wrong."""
    named = texts(files)
    if named is None:
        return 1
    end = span[1] or clock.now()
    start = span[0] or end - DAY
    if start >= end:
        typer.echo("--from is not before --to", err=True)
        return 1
    try:
        rulebook.load_all(named)
        wordings = [each for name, text in named for each in rulebook.wordings(name, text)]
        with ends_when_told():
            answer = replay(settings, wordings, range_of(start, end, warm_up), database_url)
    except RuleError as error:
        return refused(error)
    for line in lines(answer):
        typer.echo(line)
    return 0


@contextlib.contextmanager
def ends_when_told() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end it as Ctrl-C does: its databases go too."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # with nohup it goes on
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lines(answer: Answer) -> list[str]:
    """Return the answer as it is printed."""
    of = answer.of
    logged, missing, more = (each.total() for each in (answer.logged, answer.missing, answer.more))
    now, changed = answer.now, answer.changed
    return [
        f"{answer.events} events from {_local(of.began)}; compared from {_local(of.start)}"
        f" to {_local(of.end)}",
        f"the rules of now: reproduced {logged - missing} of {logged} entries of the log"
        f" ({missing} missing, {more} more)",
        *_entries(answer.missing, "missing"),
        *_entries(answer.more, "more"),
        "",
        f"{'':24}{'now':>12}{'changed':>12}",
        *(
            f"{name:24}{before:>12}{after:>12}"
            for (name, before), (_, after) in zip(
                _figures(now.counts), _figures(changed.counts), strict=True
            )
        ),
        *_top(now, "top ten, now:"),
        *_top(changed, "top ten, changed:"),
        *_named(answer, answer.lost, now, "lost"),
        *_named(answer, answer.new, changed, "new"),
    ]


def _entries(found: Counter[Entry], word: str) -> list[str]:
    """Return the first of those that the house's log and the run do not share."""
    first = sorted(found.elements(), key=lambda each: each[:4])[:SHOWN_MAX]
    rest = found.total() - len(first)
    return [
        *(f"  {word}: {rule}  {key}  {step} -> {state}" for rule, key, step, state, *_ in first),
        *([f"  {word}: and {rest} others"] if rest else []),
    ]


def _figures(counts: Counts) -> list[tuple[str, str]]:
    return [
        ("alarms", str(counts.rings)),
        ("  per 10 min, average", f"{counts.per(10 * MINUTE):.2f}"),
        ("  per 10 min, maximum", str(counts.most_in_10m)),
        ("floods", str(len(counts.floods))),
        ("  minutes in floods", f"{flooded(counts.floods) / MINUTE:.1f}"),
    ]


def _top(run: Run, title: str) -> list[str]:
    rows = [f"{actor.n:>8}  {actor.rule}  {actor.key}" for actor in run.counts.actors]
    return ["", title, *(rows or ["  none"])]


def _named(answer: Answer, ids: Sequence[UUID], run: Run, word: str) -> list[str]:
    true = [each for each in ids if each in answer.closed_true]
    known = f", of which {len(true)} were closed as true" if word == "lost" else ""
    # What was true and would be lost is what a person must look at.
    first = [*true, *(each for each in ids if each not in answer.closed_true)][:SHOWN_MAX]
    rows = [
        f"  {_local(row['at'])}  {row['rule']}  {row['key']}  {row['title']}"
        + ("  (true)" if each in answer.closed_true else "")
        for each in first
        for row in [run.rang[each]]
    ]
    more = [f"  and {len(ids) - len(first)} more"] if len(ids) > len(first) else []
    return ["", f"{word}: {len(ids)}{known}", *rows, *more]


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
