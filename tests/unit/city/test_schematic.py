import numpy as np

from voltherd.twin.city.districts import DISTRICTS
from voltherd.twin.city.schematic import district_cells, inside


def test_a_cell_for_every_district_around_its_centre() -> None:
    cells = district_cells()
    assert [(cell.code, cell.name_en, cell.name_zh) for cell in cells] == [
        (district.code, district.name_en, district.name_zh) for district in DISTRICTS
    ]
    for cell, district in zip(cells, DISTRICTS, strict=True):
        assert inside(cell.ring, np.array([[district.longitude, district.latitude]])).all()


def test_cells_do_not_overlap_and_fill_most_of_the_city() -> None:
    grid = np.stack(np.meshgrid(np.linspace(112.9, 114.1, 160), np.linspace(22.5, 24.0, 200)), axis=-1).reshape(-1, 2)
    covered = np.sum([inside(cell.ring, grid) for cell in district_cells()], axis=0)
    assert covered.max() == 1
    assert 0.3 < covered.mean() < 0.6


def test_a_cell_is_nearer_to_its_own_centre() -> None:
    centres = np.array([[district.longitude * 0.919, district.latitude] for district in DISTRICTS])
    for number, cell in enumerate(district_cells()):
        apart = cell.ring[:, None] * [0.919, 1.0] - centres
        assert np.all((apart * apart).sum(axis=2).argmin(axis=1) == number)


def test_rings_are_short_smooth_and_do_not_cross_themselves() -> None:
    for cell in district_cells():
        assert 12 < len(cell.ring) < 400
        steps = np.roll(cell.ring, -1, axis=0) - cell.ring
        after = np.roll(steps, -1, axis=0)
        turns = np.arctan2(steps[:, 0] * after[:, 1] - steps[:, 1] * after[:, 0], (steps * after).sum(axis=1))
        assert np.abs(turns).max() < 1.2
        assert np.isclose(abs(turns.sum()), 2 * np.pi)


def test_inside_knows_a_square() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    points = np.array([[0.5, 0.5], [1.5, 0.5], [-0.1, 0.5], [0.5, 1.5], [0.01, 0.99]])
    assert inside(square, points).tolist() == [True, False, False, False, True]
