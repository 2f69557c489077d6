"""A mend changes what it names and nothing else, in both modes of a record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ioc.event import Reason, Refusal
from ioc.mending import Put, Remove, Rename, Step, mended, tokens

LETTER: dict[str, Any] = {
    "specversion": "1.0",
    "id": "c-1",
    "source": "/nvr/7",
    "type": "ioc.camera.alert",
    "data": {"lable": "smoke", "big": 12345678901234567890123, "zones": ["a", "b"], "x/y": 1},
}


def after(*fix: Step, letter: object = None) -> Any:
    value = mended(json.dumps(letter or LETTER).encode(), (), fix)
    return value if isinstance(value, Refusal) else json.loads(value)


def test_a_rename_moves_the_value_and_leaves_its_neighbours() -> None:
    found = after(Rename("/data/lable", "/data/label"))
    assert found["data"] == {
        "label": "smoke",
        "big": 12345678901234567890123,
        "zones": ["a", "b"],
        "x/y": 1,
    }
    assert {**found, "data": 0} == {**LETTER, "data": 0}


def test_a_rename_of_what_is_not_there_does_nothing() -> None:
    assert after(Rename("/data/labl", "/data/label")) == LETTER


def test_a_rename_overwrites_nothing() -> None:
    assert after(Rename("/data/lable", "/id")) == Refusal(
        Reason.SCHEMA, "/id: something is there already"
    )


def test_values_are_written_and_taken_out_in_order() -> None:
    found = after(
        Put("/data/zones/1", "c"), Remove("/data/x~1y"), Put("/area", "05443"), Remove("/none/of")
    )
    assert found["data"]["zones"] == ["a", "c"]
    assert "x/y" not in found["data"]
    assert found["area"] == "05443"


def test_what_is_written_into_a_value_stays_with_its_record() -> None:
    fix: list[Step] = [Put("/data", {"kind": "smoke"}), Rename("/note", "/data/note")]
    assert after(*fix, letter={"note": "of a neighbour"})["data"]["note"] == "of a neighbour"
    assert after(*fix, letter={"id": "c-2"}) == {"id": "c-2", "data": {"kind": "smoke"}}


@pytest.mark.parametrize("path", ["/data/lable/x", "/none/x", "/data/zones/2", "/data/zones/-"])
def test_what_has_no_place_is_said(path: str) -> None:
    found = after(Put(path, 1))
    assert isinstance(found, Refusal)
    assert path in found.detail


def test_attributes_in_headers_become_one_envelope() -> None:
    headers = (("ce_type", b"ioc.camera.alert"), ("ce_id", b"c-1"), ("trace", b"\xff"))
    value = mended(b'{"lable": "smoke"}', headers, [Rename("/data/lable", "/data/label")])
    assert isinstance(value, bytes)
    assert json.loads(value) == {
        "type": "ioc.camera.alert",
        "id": "c-1",
        "data": {"label": "smoke"},
    }


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[" * 100_000, b"[1]", b"7"])
def test_what_has_no_fields_is_refused_and_nothing_raised(value: bytes) -> None:
    assert isinstance(mended(value, (), [Remove("/x")]), Refusal)


def test_half_a_character_stays_for_the_reader_to_refuse() -> None:
    value = mended(b'{"a": "\\ud800", "b": 1}', (), [Remove("/b")])
    assert value == b'{"a": "\\ud800"}'


def test_a_path_begins_with_a_slash() -> None:
    assert tokens("/a~1b/~0") == ["a/b", "~"]
    with pytest.raises(ValueError, match="begins with /"):
        tokens("data")
