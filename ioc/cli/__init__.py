"""The commands. Each imports what it needs when it runs, so that `ioc` itself starts at once."""

from __future__ import annotations

import logging
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from ioc.clock import LOCAL_ZONE
from ioc.errors import IocError
from ioc.settings import Settings, unknown_settings

app = typer.Typer(
    name="ioc",
    help="A smart operations center: events in through Kafka; live views, alarms, webhooks out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules_app = typer.Typer(help="Rules that raise and clear alarms.", no_args_is_help=True)
dead_letters_app = typer.Typer(help="Records that could not be used.", no_args_is_help=True)
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(key_app, name="key")

EXIT_ERROR = 2


def main() -> None:
    """Run a command; an error of ours is one sentence, not a traceback."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(action)s: %(message)s",
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(_with_action)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters is said by us, once
    try:
        app()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"ioc: IOC_{name}={problem['input']}: {problem['msg']}", err=True)
        sys.exit(EXIT_ERROR)
    except IocError as error:
        typer.echo(f"ioc: {error}", err=True)
        sys.exit(EXIT_ERROR)


def _with_action(record: logging.LogRecord) -> bool:
    """Give every line the stable verb to search for; libraries have none."""
    record.__dict__.setdefault("action", "-")
    return True


def _read_settings() -> Settings:
    """Return the settings as the environment has them; say which of its names are misspelt."""
    settings = Settings()
    if settings.log_id is None:  # with one it was started by `ioc up`, which has said it
        for sentence in unknown_settings(os.environ):
            typer.echo(f"ioc: {sentence}", err=True)
    return settings


def _settings() -> Settings:
    """Return the settings, with the addresses of the `ioc up` that runs on the data folder."""
    from connectors.embedded.run import of_run

    return of_run(_read_settings())


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the API and the wall.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that keeps the state.")] = None,
    simulate: Annotated[bool | None, typer.Option(help="Start the simulated province.")] = None,
) -> None:
    """Start everything on this machine: broker, database, every process, the simulated province."""
    from ioc.cli.up import run

    settings = _read_settings()
    sys.exit(
        run(
            settings,
            settings.api_port if port is None else port,
            data_dir or settings.data_dir,
            settings.simulate if simulate is None else simulate,
        )
    )


@app.command()
def worker() -> None:
    """Read events from Kafka into the database."""
    from streams.worker import run

    run(_settings())


@app.command(hidden=True)
def committer(descriptor: int, memory: int) -> None:
    """Commit for a worker, which starts this itself."""
    from streams.committers import serve

    serve(descriptor, memory)


@app.command("what-if", hidden=True)
def what_if(number: UUID, attempt: int) -> None:
    """Answer a what-if for a notifier, which starts this itself."""
    from connectors.timescale.what_ifs import Lease
    from ioc.cli.replay import ends_when_told
    from streams.what_ifs import answer_one

    with ends_when_told():
        answer_one(_settings(), Lease(number, attempt))


@app.command()
def api() -> None:
    """Serve the API, the live views and the screens."""
    from api.server import serve

    serve(_settings())


@app.command()
def notifier() -> None:
    """Run timers and send webhooks."""
    import asyncio

    from streams.notifier import run

    asyncio.run(run(_settings()))


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(help="NDJSON of CloudEvents; - is stdin.")],
    check: Annotated[
        bool, typer.Option(help="Refuse what would be a dead letter, before it is sent.")
    ] = True,
    topic: Annotated[str | None, typer.Option(help="With --no-check: send to this topic.")] = None,
) -> None:
    """Send events to Kafka; the last line says how many."""
    from ioc.cli.send import send as run

    sys.exit(run(files, _read_settings(), check=check, topic=topic))


@app.command()
def simulate(  # noqa: PLR0913, PLR0917 - each is an option
    scenario: Annotated[
        str, typer.Option(help="quiet-day, market-fire, storm, queue-rush or dossiers-2023.")
    ] = "quiet-day",
    rate: Annotated[float | None, typer.Option(help="Events a second.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds of the scenario.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    start: Annotated[datetime | None, typer.Option(help="When the scenario begins.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Go on for ever, at a calm rate.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write a file instead (.ndjson[.gz]).")] = None,
) -> None:
    """Send the events of a made-up province."""
    from ioc.cli.simulate import Wish
    from ioc.cli.simulate import simulate as run

    wish = Wish(
        scenario=scenario,
        rate=rate,
        duration_s=duration,
        seed=seed,
        start=_local(start),
        live=live,
        out=out,
    )
    sys.exit(run(wish, _read_settings()))


@app.command()
def migrate() -> None:
    """Bring the database and the topics to this version."""
    from ioc.cli.migrate import run

    run(_settings())


@app.command()
def settings() -> None:
    """Print every setting with its value and its sentence."""
    from ioc.cli.settings import show

    show(_settings())


@app.command()
def doctor(
    drained: Annotated[
        bool, typer.Option("--drained", help="Exit 0 when everything in Kafka is stored.")
    ] = False,
    accept_gap: Annotated[
        bool, typer.Option("--accept-gap", help="Go on where Kafka's records begin again.")
    ] = False,
) -> None:
    """Say what is wrong and what to do."""
    from ioc.cli.doctor import run

    sys.exit(run(_settings(), drained=drained, accept_gap=accept_gap))


@rules_app.command("check")
def rules_check(files: list[Path]) -> None:
    """Check rule files; every problem with its line."""
    from ioc.cli.rules import check

    sys.exit(check(files))


@rules_app.command("apply")
def rules_apply(
    files: list[Path],
    why: Annotated[str, typer.Option(help="Why it changes; kept with the new versions.")],
    by: Annotated[str, typer.Option(help="Who changes it.", envvar="USER")] = "ioc",
) -> None:
    """Put what files say in force at once, in every process; what they do not name stays."""
    from ioc.cli.rules import apply

    if not why.strip():
        raise typer.BadParameter("say in a few words why it changes", param_hint="--why")
    sys.exit(apply(_settings(), files, why=why, by=by))


@rules_app.command("log")
def rules_log(
    rule: Annotated[str | None, typer.Argument(help="Only this rule.")] = None,
) -> None:
    """Print who changed which rule, when and why."""
    from ioc.cli.rules import show_log

    show_log(_settings(), rule)


@rules_app.command("replay")
def rules_replay(
    files: list[Path],
    start: Annotated[
        datetime | None, typer.Option("--from", help="Local time; none: a day before --to.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Local time; none: now.")] = None,
    warm_up: Annotated[
        float,
        typer.Option(
            min=0, max=9600, help="Hours that are run before, so that what was open is known."
        ),
    ] = 24.0,
    database: Annotated[
        str | None, typer.Option(help="Address of an empty database to run the changed rules in.")
    ] = None,
) -> None:
    """Run stored events through changed rules, and print what would have been otherwise."""
    from ioc.cli.replay import run

    span = (_local(start), _local(end))
    sys.exit(run(_settings(), files, span, timedelta(hours=warm_up), database))


def _local(at: datetime | None) -> datetime | None:
    return at and (at if at.tzinfo else at.replace(tzinfo=LOCAL_ZONE))


@dead_letters_app.command("list")
def dead_letters_list(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List the newest dead letters."""
    from ioc.cli.dead_letters import show_all

    show_all(_settings(), source, reason, limit)


@dead_letters_app.command("show")
def dead_letters_show(number: int) -> None:
    """Show one dead letter with its bytes."""
    from ioc.cli.dead_letters import show_one

    show_one(_settings(), number)


@dead_letters_app.command("retry")
def dead_letters_retry(
    numbers: Annotated[list[int] | None, typer.Argument()] = None,
    reason: Annotated[str | None, typer.Option(help="Retry all with this reason.")] = None,
    value: Annotated[
        Path | None, typer.Option(help="A file with the mended event, for one dead letter.")
    ] = None,
) -> None:
    """Send dead letters again, as they were or mended, with the time they first came."""
    from ioc.cli.dead_letters import retry

    sys.exit(retry(_settings(), numbers or [], reason, value))


@key_app.command("create")
def key_create(
    name: str,
    role: Annotated[str, typer.Option(help="viewer, operator, connector or admin.")],
    area: Annotated[str | None, typer.Option(help="Only this commune's code.")] = None,
) -> None:
    """Make an API key and print it; it is shown once."""
    from ioc.cli.key import create

    create(_settings(), name, role, area)


@key_app.command("list")
def key_list() -> None:
    """List the API keys, revoked ones too; their tokens are kept by nobody."""
    from ioc.cli.key import show_all

    show_all(_settings())


@key_app.command("revoke")
def key_revoke(name: str) -> None:
    """Close an API key for ever, with the sessions that were opened by it."""
    from ioc.cli.key import revoke

    revoke(_settings(), name)
