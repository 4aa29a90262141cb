import numpy as np
import pytest

from voltherd.twin.field.draws import Draws, Purpose, entities_of, philox

KNOWN = [
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
"""Known answers of Philox 4x32-10, as published with the generator."""


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected) -> None:
    words = np.array(counter, dtype=np.uint64)[:, None]
    assert tuple(philox(words, key)[:, 0].tolist()) == expected


def test_what_an_entity_draws_depends_on_its_name_alone() -> None:
    draws = Draws(7)
    few = draws.uniform(Purpose.NOISE, entities_of(["b", "a"]), 3)
    many = draws.uniform(Purpose.NOISE, entities_of(["a", "x", "b"]), 3)
    assert few[1] == many[0]
    assert few[0] == many[2]


def test_seed_purpose_and_count_name_other_numbers() -> None:
    who = entities_of(["a"])
    drawn = [
        Draws(7).uniform(Purpose.NOISE, who)[0],
        Draws(8).uniform(Purpose.NOISE, who)[0],
        Draws(7).uniform(Purpose.RAMP, who)[0],
        Draws(7).uniform(Purpose.NOISE, who, 1)[0],
    ]
    assert len(set(drawn)) == 4


def test_counts_may_be_given_one_by_one() -> None:
    who = entities_of(["a", "a"])
    each = Draws(7).uniform(Purpose.NOISE, who, np.array([4, 5]))
    assert each[0] == Draws(7).uniform(Purpose.NOISE, who, 4)[0]
    assert each[1] == Draws(7).uniform(Purpose.NOISE, who, 5)[1]


def test_numbers_are_uniform() -> None:
    drawn = Draws(2**64 - 1).uniform(Purpose.NOISE, np.arange(100_000, dtype=np.uint64))
    assert 0.0 <= drawn.min() < drawn.max() < 1.0
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] / 1e5 - 0.1).max() < 0.005
