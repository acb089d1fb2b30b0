"""What holds for whatever is typed where a region's code belongs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefair.tables import load

REGIONS = load().regions


@given(st.one_of(st.text(max_size=60), st.text("0123456789", max_size=12), st.sampled_from(sorted(REGIONS))))
def test_anything_typed_is_explained_in_one_short_sentence(typed: str) -> None:
    for language in ("zh", "en"):
        said = REGIONS.explain(typed, language)
        assert said
        assert len(said) < 300
        assert said.isprintable()
    assert all(region.code in REGIONS for region in REGIONS.suggest(typed))
    assert len(REGIONS.suggest(typed)) <= 3


@given(st.sampled_from(sorted(REGIONS)))
def test_a_place_is_found_by_its_whole_name(code: str) -> None:
    region = REGIONS[code]
    assert code in [found.code for found in REGIONS.suggest(region.full_text("zh"))]


@given(
    st.sampled_from(sorted(code for code in REGIONS if not code.endswith("00"))), st.integers(4, 5), st.integers(0, 9)
)
def test_a_digit_mistyped_suggests_places_of_the_same_province(code: str, place: int, digit: int) -> None:
    typed = code[:place] + str(digit) + code[place + 1 :]
    if typed in REGIONS:
        assert REGIONS.get(typed) is not None
        return
    near = REGIONS.suggest(typed)
    assert near
    assert all(region.province == code[:2] for region in near)
