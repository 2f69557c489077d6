"""Areas by code, by name and by point, and the place of an event."""

from __future__ import annotations

import gzip
import math
import random
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import orjson
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.area import (
    PROVINCE,
    Gazetteer,
    Kind,
    Place,
    boundaries,
    boundary,
    gazetteer,
    place,
    place_many,
)
from ioc.area.gazetteer import shipped
from ioc.area.spelling import spelled, unmarked

# Points inside the commune of the same name, and one outside of the province.
PHAN_DINH_PHUNG = (21.586112, 105.836192)
GIA_SANG = (21.56001, 105.883096)
HANOI = (21.0285, 105.8542)

FOLDED = orjson.loads((Path(__file__).parents[1] / "data" / "fold.json").read_bytes())

KNOWN_CODES = {area.code for area in gazetteer().areas}


def codes(*, name: str = "", former: str = "", meant: str = "") -> list[str]:
    if name:
        areas = gazetteer().find(name)
    elif former:
        areas = gazetteer().former(former)
    else:
        areas = gazetteer().meant(meant)
    return [area.code for area in areas]


# The units


def test_the_province_has_77_communes_and_15_wards_since_the_reform() -> None:
    communes = gazetteer().communes
    assert [sum(area.kind is kind for area in communes) for kind in Kind] == [0, 77, 15, 0]
    assert {(area.valid_from, area.valid_to) for area in communes} == {(date(2025, 7, 1), None)}
    assert gazetteer().areas[0] is PROVINCE
    assert len(KNOWN_CODES) == 93


def test_codes_keep_their_leading_zero() -> None:
    assert all(len(a.code) == 5 and a.code[0] == "0" for a in gazetteer().communes)
    assert all(len(a.code) == 5 and a.code[0] == "0" for a in gazetteer().formers)
    assert gazetteer().by_code("5443") is None
    assert place("5443", None, None) == Place("19", flagged=True)


def test_an_area_is_found_by_its_code_and_a_former_code_is_not_today() -> None:
    area = gazetteer().by_code("05443")
    assert area is not None
    assert (area.name, area.full_name, area.kind) == (
        "Phan Đình Phùng",
        "Phường Phan Đình Phùng",
        Kind.WARD,
    )
    assert gazetteer().by_code("19") is PROVINCE
    assert gazetteer().by_code("01834") is None


def test_phu_lac_is_05788_and_05794_is_a_former_unit_that_went_into_it() -> None:
    assert codes(name="Phú Lạc") == ["05788"]
    assert codes(former="05794") == ["05788"]


# Names


@pytest.mark.parametrize(
    "name",
    ["Định Hoá", "Định Hóa", "ĐỊNH HÓA", "Xã Định Hóa", "x. định  hoá", "dinh hoa", "Xa Dinh Hoa"],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_spelling_of_dinh_hoa_is_found(name: str, form: str) -> None:
    spelling = unicodedata.normalize(form, name)  # type: ignore[arg-type]  # one of its literals
    assert codes(name=spelling) == ["05569"]


def test_van_lang_and_van_lang_stay_two() -> None:
    assert codes(name="van lang") == ["02143", "05665"]
    assert codes(name="Xã Van Lang") == ["02143", "05665"]
    assert codes(name="Văn Lang") == ["02143"]
    assert codes(name="Xã Văn Lăng") == ["05665"]
    assert codes(name=unicodedata.normalize("NFD", "VĂN LĂNG")) == ["05665"]


def test_only_van_lang_is_twice_when_the_marks_are_left_out() -> None:
    found = {area.code: codes(name=area.name_en) for area in gazetteer().communes}
    assert {code for code, all_of_it in found.items() if all_of_it != [code]} == {"02143", "05665"}


def test_every_area_is_found_by_its_own_names_in_both_forms() -> None:
    for area in gazetteer().areas:
        for name in (area.name, area.full_name, unicodedata.normalize("NFD", area.full_name)):
            assert gazetteer().find(name) == (area,)


def test_a_name_that_begins_like_the_word_for_a_kind_keeps_its_beginning() -> None:
    assert codes(name="phuong tien") == ["05563"]  # Phượng Tiến, not Phường Tiến
    assert codes(former="phuong giao") == ["05755"]  # Xã Phương Giao


def test_the_word_of_the_former_kind_does_not_hide_a_unit_of_today() -> None:
    assert codes(name="Xã Bá Xuyên") == ["05533"]  # a ward since 2025


@pytest.mark.parametrize("name", ["", " ", "x.", "xã", "p. ", "Hà Nội", "%", "\ud800", "x" * 10**6])
def test_what_is_no_name_finds_nothing(name: str) -> None:
    assert gazetteer().find(name) == ()
    assert gazetteer().former(name) == ()


# What was before 2025-07-01


def test_280_former_units_became_todays_and_three_were_divided() -> None:
    became = gazetteer().became
    assert len(gazetteer().formers) == len(became) == 280
    assert {code for today in became.values() for code in today} == KNOWN_CODES - {"19"}
    assert {code: today for code, today in became.items() if len(today) > 1} == {
        "05461": ("05443", "05467"),
        "05467": ("05467", "05500"),
        "05932": ("05941", "05908"),
    }
    assert {(area.valid_from, area.valid_to) for area in gazetteer().formers} == {
        (None, date(2025, 7, 1))
    }


def test_a_former_unit_is_found_by_code_or_name() -> None:
    assert codes(former="01834") == ["01840"]
    assert codes(former="Phường Nguyễn Thị Minh Khai") == ["01840"]
    assert codes(former="nguyen thi minh khai") == ["01840"]
    assert codes(former="TT. Chợ Chu") == ["05569"]
    assert codes(former="Xã Thượng Đình") == ["05941", "05908"]
    assert codes(former="Xuất Hoá") == codes(former="Xuất Hóa") == ["01843"]


def test_two_former_wards_of_one_name_give_what_became_of_both() -> None:
    assert codes(former="Phường Trung Thành") == ["05500", "05899"]
    assert codes(former="Tân Thịnh") == ["05443", "05563"]
    assert codes(former="Xã Tân Thịnh") == ["05563"]


def test_what_a_sender_means_is_todays_unit_before_a_former_one() -> None:
    assert codes(meant="05467") == ["05467"]  # a divided ward had this code too
    assert codes(meant="Phường Gia Sàng") == ["05467"]
    assert codes(meant="Phường Trung Thành") == ["05899"]
    assert codes(meant="Phường Tân Thành") == ["05500"]  # today's Tân Thành is a xã elsewhere
    assert codes(meant="Xã Tân Thành") == ["05923"]


def test_an_area_knows_the_units_it_was_made_of() -> None:
    assert [unit.code for unit in gazetteer().origins("01840")] == ["01834", "01840", "01846"]


# Points


def test_every_label_point_is_in_its_own_commune() -> None:
    for area in gazetteer().communes:
        assert gazetteer().at(area.lat, area.lon) == area


def test_former_units_lie_in_what_became_of_them() -> None:
    formers = gazetteer().formers
    at = gazetteer().at_many([unit.lat for unit in formers], [unit.lon for unit in formers])
    astray = [
        unit.code
        for unit, code in zip(formers, at, strict=True)
        if code not in gazetteer().became[unit.code]
    ]
    assert astray == ["01843"]  # its source gives it the point of 01840


def test_points_agree_with_asking_every_full_polygon() -> None:
    features = orjson.loads(gzip.decompress(shipped("communes_full.geojson.gz")))["features"]
    shapes = {f["properties"]["code"]: shapely.from_geojson(orjson.dumps(f)) for f in features}
    assert sum(map(shapely.get_num_coordinates, shapes.values())) == 177_094  # nothing simplified
    rng = random.Random(92)
    lats = [rng.uniform(21.3, 22.8) for _ in range(400)]
    lons = [rng.uniform(105.4, 106.3) for _ in range(400)]
    # On the lines too: corners that neighbours share.
    corners = [rng.choice(shapely.get_coordinates(shape)) for shape in shapes.values()]
    lats += [float(lat) for _, lat in corners]
    lons += [float(lon) for lon, _ in corners]
    expected = [
        next((c for c in sorted(shapes) if shapes[c].intersects(shapely.Point(lon, lat))), None)
        for lat, lon in zip(lats, lons, strict=True)
    ]
    assert gazetteer().at_many(lats, lons) == expected
    assert 100 < expected.count(None) < 300


def test_points_that_are_nowhere_are_in_no_commune() -> None:
    assert gazetteer().at(*HANOI) is None
    assert gazetteer().at(*reversed(PHAN_DINH_PHUNG)) is None
    nowhere = [math.nan, math.inf, -math.inf, 1e308, 91.0, None]
    assert gazetteer().at_many(nowhere, [105.8] * 6) == [None] * 6
    assert gazetteer().at_many([21.58] * 6, nowhere) == [None] * 6
    assert gazetteer().at_many([], []) == []


def test_several_threads_may_ask_a_fresh_gazetteer_at_once() -> None:
    fresh = Gazetteer.load()
    rng = random.Random(8)
    lats = [rng.uniform(21.3, 22.8) for _ in range(2000)]
    lons = [rng.uniform(105.4, 106.3) for _ in range(2000)]
    fresh.at(*HANOI)  # read, but no polygon asked yet: that is when it used to break the heap
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fresh.at_many(lats, lons), range(24)))
    assert all(answer == gazetteer().at_many(lats, lons) for answer in answers)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 latitudes, but 1 longitudes"):
        gazetteer().at_many([21.0, 22.0], [105.0])
    with pytest.raises(ValueError, match="1 areas, 2 latitudes"):
        place_many([None], [21.0, 22.0], [105.0, 105.0])


# The place of an event


def test_a_known_code_wins_over_the_point() -> None:
    assert place("05518", *PHAN_DINH_PHUNG) == Place("05518")
    assert place("19", *PHAN_DINH_PHUNG) == Place("19")


def test_a_former_code_or_name_becomes_todays_unit() -> None:
    assert place("01834", None, None) == Place("01840")
    assert place("01834", *PHAN_DINH_PHUNG) == Place("01840")
    assert place("Phường Nguyễn Thị Minh Khai", None, None) == Place("01840")
    assert place("dinh hoa", None, None) == Place("05569")


def test_a_code_that_was_divided_before_but_is_in_use_today_means_today() -> None:
    assert place("05467", None, None) == Place("05467")


def test_the_point_chooses_between_the_parts_of_a_divided_ward() -> None:
    assert place("05461", *PHAN_DINH_PHUNG) == Place("05443")
    assert place("05461", *GIA_SANG) == Place("05467")
    assert place("05461", None, None) == Place("19")
    assert place("05461", 22.169757, 105.849556) == Place("19")  # in neither part
    assert place("van lang", 22.245103, 106.056203) == Place("02143")
    assert place("van lang", None, None) == Place("19")


def test_without_a_code_the_point_decides_and_without_a_point_the_province() -> None:
    assert place(None, *PHAN_DINH_PHUNG) == Place("05443")
    assert place("", *PHAN_DINH_PHUNG) == Place("05443")
    assert place(None, *HANOI) == Place("19")
    assert place(None, PHAN_DINH_PHUNG[0], None) == Place("19")
    assert place(None, math.nan, math.inf) == Place("19")


@pytest.mark.parametrize("area", ["99999", "00004", "nowhere", " ", "\x00", "\ud800", "9" * 10**6])
def test_an_unknown_code_is_kept_under_the_province_and_flagged(area: str) -> None:
    assert place(area, None, None) == Place("19", flagged=True)
    assert place(area, *PHAN_DINH_PHUNG) == Place("19", flagged=True)


def test_the_place_of_every_former_code_is_a_unit_of_today() -> None:
    for unit in gazetteer().formers:
        placed = place(unit.code, unit.lat, unit.lon)
        assert placed.code in gazetteer().became[unit.code]
        assert not placed.flagged


some_area = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from([area.code for area in (*gazetteer().areas, *gazetteer().formers)]),
    st.sampled_from([area.full_name for area in (*gazetteer().areas, *gazetteer().formers)]),
)
some_row = st.tuples(
    some_area,
    st.one_of(st.none(), st.floats(), st.floats(21.3, 22.8)),
    st.one_of(st.none(), st.floats(), st.floats(105.4, 106.3)),
)


def told(area: str | None, lat: float | None, lon: float | None) -> Place:
    """The contract's sentence on `place`, word for word and slowly."""
    meant = [unit.code for unit in gazetteer().meant(area)] if area else []
    if area and not meant:
        return Place("19", flagged=True)
    if len(meant) == 1:
        return Place(meant[0])
    here = gazetteer().at(lat, lon) if lat is not None and lon is not None else None
    return Place(here.code) if here and (not meant or here.code in meant) else Place("19")


@settings(max_examples=30, deadline=None)
@given(st.lists(some_row, max_size=15))
def test_a_batch_is_placed_as_its_events_are_one_by_one_always_somewhere_known(
    rows: list[tuple[str | None, float | None, float | None]],
) -> None:
    placed = place_many([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    assert placed == [place(*row) for row in rows] == [told(*row) for row in rows]
    assert {each.code for each in placed} <= KNOWN_CODES
    assert all(each.code == "19" for each in placed if each.flagged)


# The lines on a map


def test_all_boundaries_are_one_collection_keyed_by_code() -> None:
    collection = orjson.loads(boundaries())
    assert collection["type"] == "FeatureCollection"
    properties = [feature["properties"] for feature in collection["features"]]
    assert [p["code"] for p in properties] == [area.code for area in gazetteer().communes]
    assert [p["name"] for p in properties] == [area.name for area in gazetteer().communes]
    assert boundaries() is boundaries()
    assert len(boundaries()) < 300_000


def test_one_boundary_is_a_feature_that_holds_its_label_point() -> None:
    for area in gazetteer().areas:
        feature = orjson.loads(boundary(area.code) or b"null")
        assert feature["id"] == feature["properties"]["code"] == area.code
        shape = shapely.from_geojson(orjson.dumps(feature["geometry"]))
        assert shape.contains(shapely.Point(area.lon, area.lat))
    assert boundary("99999") is None
    assert boundary("01834") is None


# Words, as the screens compare them too


@pytest.mark.parametrize(("text", "folded", "form"), FOLDED)
def test_the_screens_and_the_server_compare_words_alike(text: str, folded: str, form: str) -> None:
    for written in (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)):
        assert unmarked(written).lower() == folded
        assert spelled(written) == form
