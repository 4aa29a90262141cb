import numpy as np

from voltherd.domain.streams import Streams
from voltherd.twin.city.streams import Purpose


def test_what_an_entity_draws_does_not_depend_on_how_many_there_are() -> None:
    few = Streams(5).uniform(Purpose.ENERGY, 10, 3)
    many = Streams(5).uniform(Purpose.ENERGY, 1000, 3)
    assert np.array_equal(few, many[:10])


def test_streams_differ_in_every_part_of_their_key() -> None:
    base = Streams(5).uniform(Purpose.ENERGY, 50)
    others = [
        Streams(6).uniform(Purpose.ENERGY, 50),
        Streams(5).uniform(Purpose.STAY, 50),
        Streams(5).uniform(Purpose.ENERGY, 50, day=1),
        Streams(5).uniform(Purpose.ENERGY, 50, group=1),
    ]
    for other in others:
        assert not np.intersect1d(base, other).size


def test_the_first_numbers_of_a_seed_are_pinned() -> None:
    drawn = Streams(1).uniform(Purpose.SIZE, 2)[:, 0]
    assert [value.hex() for value in drawn.tolist()] == PINNED


def test_numbers_are_uniform() -> None:
    drawn = Streams(2**64 - 1).uniform(Purpose.PLACE, 100_000)[:, 0]
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] / 1e5 - 0.1).max() < 0.005


PINNED = ["0x1.33d1b1836b498p-4", "0x1.f7b3fee892664p-1"]
