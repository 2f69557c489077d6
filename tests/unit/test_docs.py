"""The pages say what the code says: names, tables, links and the form of decisions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api import problem
from api.series import Metric
from api.subscription import Dropped
from connectors.timescale.keys import Role
from ioc.alarm import ClosingCode, State
from ioc.event import Reason
from ioc.health import ProcessingHealth, SourceHealth
from ioc.settings import Settings
from ioc.severity import Severity
from ioc.simulation import SCENARIOS
from ioc.source import SOURCES
from ioc.topics import CHANGES_TOPIC, EVENT_TOPICS
from tests import docs_tables
from tests.docs_tables import BLOCK, MADE, REPO, WHO, pages, renewed
from tests.screenshots import BYTES_MAX, PICTURES, Picture

PAGES = {page.relative_to(REPO).as_posix(): page.read_text(encoding="utf-8") for page in pages()}
ALL = "\n".join(PAGES.values())
ARCHITECTURE = PAGES["docs/architecture.md"]
GLOSSARY = ARCHITECTURE.split("## Glossary")[1]
DECISIONS = sorted(name for name in PAGES if name.startswith("docs/adr/"))
ADR_LINES_MAX = 60
#: The words of the field, also those that are kept for later.
WORDS = (
    *("event", "source", "area", "alarm", "transition", "incident", "rule", "rollup", "delivery"),
    *("shelve", "suppress", "out of service", "latch", "on-delay", "off-delay", "deadband"),
    *("chattering", "flood", "first-out"),
)

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PATH_IN_TEXT = re.compile(r"/api/v1[\w/{}-]*")
_ERROR_CODE = re.compile(r'\bcode="([a-z_]+)"|come_back\(\s*"([a-z_]+)"')


def named(word: str, text: str) -> bool:
    """Whether a word stands in the text as code, alone or in a list of words."""
    return re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", text) is not None


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# What is made from the code -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PAGES))
def test_tables_made_from_the_code_are_as_the_code_is(name: str) -> None:
    assert PAGES[name] == renewed(PAGES[name]), (
        f"{name} says something else than the code: run `python -m tests.docs_tables`"
    )


def test_every_table_is_on_one_page() -> None:
    assert sorted(found[1] for found in BLOCK.findall(ALL)) == sorted(MADE)


def test_a_command_that_only_our_processes_start_is_in_no_table() -> None:
    table = docs_tables.command_table()
    assert "`ioc worker`" in table
    assert "ioc committer" not in table


# What must be named -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_named(name: str) -> None:
    assert f"`IOC_{name.upper()}`" in PAGES["docs/configuration.md"]


# What only tests read begins with IOC_TEST_.
@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bIOC_(?!TEST_)[A-Z_]+\b", ALL))))
def test_no_page_names_a_setting_that_is_none(name: str) -> None:
    assert name.removeprefix("IOC_").lower() in Settings.model_fields


@pytest.mark.parametrize("name", docs_tables.metric_names())
def test_every_metric_is_named(name: str) -> None:
    assert f"`{name}`" in PAGES["docs/operations.md"]


@pytest.mark.parametrize("path", sorted(docs_tables.paths()))
def test_every_path_is_named(path: str) -> None:
    assert path in PAGES["docs/api.md"]


@pytest.mark.parametrize("path", sorted(set(_PATH_IN_TEXT.findall(ALL))))
def test_no_page_names_a_path_that_is_none(path: str) -> None:
    known = {re.sub(r"\{\w+\}", "{}", one) for one in docs_tables.paths()}
    asked = re.sub(r"\{\w+\}", "{}", path.rstrip("/"))
    assert any(one == asked or one.startswith(f"{asked}/") for one in known)


@pytest.mark.parametrize("topic", [*EVENT_TOPICS, CHANGES_TOPIC])
def test_every_topic_is_named(topic: str) -> None:
    assert f"`{topic}`" in PAGES["docs/events.md"]


@pytest.mark.parametrize("event_type", sorted({one for each in SOURCES for one in each.types}))
def test_every_event_type_has_a_section(event_type: str) -> None:
    assert f"### `{event_type}`" in PAGES["docs/events.md"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_dead_letter_is_explained(reason: Reason) -> None:
    assert f"| `{reason}` |" in PAGES["docs/events.md"]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_scenario_is_named(scenario: str) -> None:
    assert f"| `{scenario}` |" in PAGES["docs/simulation.md"]


@pytest.mark.parametrize(
    "word", [*Dropped, *Metric, *ClosingCode, *Role, *problem._CODES.values()], ids=str
)
def test_every_word_of_the_api_is_named(word: str) -> None:
    assert named(word, PAGES["docs/api.md"])


def test_every_code_of_an_error_is_named() -> None:
    codes = {
        code
        for file in (REPO / "api").glob("*.py")
        if file.name != "alarm_body.py"
        for pair in _ERROR_CODE.findall(file.read_text(encoding="utf-8"))
        for code in pair
        if code
    }
    assert {code for code in codes if not named(code, PAGES["docs/api.md"])} == set()


@pytest.mark.parametrize("word", [*SourceHealth, *ProcessingHealth], ids=str)
def test_every_state_of_health_is_named(word: str) -> None:
    assert named(word, PAGES["docs/operations.md"])


def test_every_role_has_a_row() -> None:
    assert set(WHO.values()) <= {str(role) for role in Role}
    for role in Role:
        assert f"| `{role}` |" in PAGES["docs/api.md"]


# The glossary -------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", WORDS)
def test_every_field_word_is_in_the_glossary(word: str) -> None:
    assert f"| {word} |" in GLOSSARY or f"**{word}**" in GLOSSARY


@pytest.mark.parametrize("word", [*State, *Severity], ids=str)
def test_every_state_and_severity_is_in_the_glossary(word: str) -> None:
    assert f"`{word}`" in GLOSSARY


def test_every_table_of_the_database_is_in_the_glossary() -> None:
    schema = "".join(
        file.read_text(encoding="utf-8")
        for file in (REPO / "connectors/timescale/migrations").glob("*.sql")
    )
    tables = set(re.findall(r"^CREATE TABLE (\w+)", schema, re.MULTILINE))
    assert {table for table in tables if f"`{table}`" not in GLOSSARY} == set()


@pytest.mark.parametrize("package", ["ioc", "connectors", "streams", "api"])
def test_every_package_is_on_the_map(package: str) -> None:
    folders = {file.parent for file in (REPO / package).rglob("__init__.py")}
    for folder in sorted(folders):
        link = folder.relative_to(REPO).as_posix()
        assert f"| [{link}/](../{link}/) |" in ARCHITECTURE


# Links and decisions ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    lost = []
    for link in _LINK.findall(_CODE.sub("", PAGES[name])):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = ((REPO / name).parent / path).resolve() if path else REPO / name
        if not target.exists() or (anchor and anchor not in anchors(read(target))):
            lost.append(link)
    assert lost == []


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_has_its_four_parts_on_one_page(name: str) -> None:
    text = PAGES[name]
    number = int(Path(name).name[:4])
    assert text.startswith(f"# {number}. ")
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert parts == ["Status", "Context", "Decision", "Consequences"]
    assert len(text.splitlines()) < ADR_LINES_MAX


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(Path(name).name[:4]) for name in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_page_of_the_console_is_named() -> None:
    pages_js = (REPO / "api/web/js/console/pages.js").read_text(encoding="utf-8")
    names = re.findall(r"\{ name: '([a-z-]+)'", pages_js)
    assert names
    assert [name for name in names if f"| `{name}` |" not in PAGES["docs/console.md"]] == []


def test_every_page_of_the_wall_is_named() -> None:
    pages_js = (REPO / "api/web/js/wall/pages.js").read_text(encoding="utf-8")
    found = re.search(r"export const PAGES = \[([^\]]+)\]", pages_js)
    assert found is not None
    names = re.findall(r"'([a-z]+)'", found[1])
    assert names
    assert [name for name in names if not named(name, PAGES["docs/wall.md"])] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_every_picture_of_a_screen_is_there_light_and_shown(picture: Picture) -> None:
    file = REPO / "docs" / "screens" / f"{picture.name}.webp"
    assert file.stat().st_size <= BYTES_MAX
    assert f"](docs/screens/{file.name})" in PAGES["README.md"]


def test_no_picture_is_left_over() -> None:
    found = {file.stem for file in (REPO / "docs" / "screens").iterdir()}
    assert found == {picture.name for picture in PICTURES}


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(REPO / "Makefile"), re.MULTILINE))
    told = set(re.findall(r"(?:`|^    )make ([a-z-]+)", ALL, re.MULTILINE))
    assert told <= targets
