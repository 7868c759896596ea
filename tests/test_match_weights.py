"""What evidence weighs: term frequency by hand arithmetic, and a name's weight from either side."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from match_weights import Company, Frequencies, all_evidence, name_weight

POOL = [Company(str(place), names=(name,)) for place, name in enumerate(
    ["Amber Motors", "Birch Academy", "Cedar Hospital", "Delta Inn", "Ember Foods", "Falcon Plastics", "Granite Works"]
)]  # fmt: skip


def test_common_names_weigh_less_than_rare_ones():
    names = [f"{first} School" for first in ("First", "Oak", "Elm", "Pine", "Ash", "Lake", "Hill", "Park")]
    frequencies = Frequencies(
        Company(str(place), names=(name,)) for place, name in enumerate([*names, "Zyx Quarry"])
    )
    assert frequencies.word_bits("school") < frequencies.word_bits("quarry")
    # Hand arithmetic: 9 companies, "school" in 8 of them, so 7 others: log2(9 / 7) = 0.3626.
    assert frequencies.word_bits("school") == pytest.approx(0.3626, abs=1e-4)


words = st.sampled_from(
    ["Harbor", "Inn", "Granite", "First", "School", "LLC", "#12", "of", "Delta", "&", "(West)", "ñandú"]
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(words, min_size=1, max_size=5), st.lists(words, min_size=1, max_size=5))
def test_weights_do_not_depend_on_who_is_asked(one, other):
    frequencies = Frequencies(POOL)
    first, second = " ".join(one), " ".join(other)
    assert name_weight(first, second, frequencies).bits == pytest.approx(
        name_weight(second, first, frequencies).bits
    )
    assert name_weight(first, first, frequencies).bits >= name_weight(first, second, frequencies).bits - 4


def test_what_one_side_does_not_know_says_nothing():
    frequencies = Frequencies(POOL)
    bare = all_evidence(POOL[0], Company("r", names=("Amber Motors",)), frequencies)
    more = all_evidence(
        POOL[0], Company("r", names=("Amber Motors",), phones=("3125550101",), zip_code="60601", web_domain="a.com"), frequencies
    )  # fmt: skip
    assert bare == more
    assert [piece.kind for piece in bare] == ["name: same name"]


def test_values_weigh_by_how_many_share_them():
    pool = [
        Company(str(n), names=(f"Site {n}",), zip_code="60601" if n < 3 else f"7500{n}") for n in range(8)
    ]
    evidence = all_evidence(pool[0], Company("r", names=("Other",), zip_code="60601"), Frequencies(pool))
    # Hand arithmetic: 2 others of 8 share the ZIP: log2(8 / 2) + log2(.93) = 2 - 0.1047.
    assert evidence[1].bits == pytest.approx(1.8953, abs=1e-4)
