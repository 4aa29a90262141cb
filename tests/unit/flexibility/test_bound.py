"""The bound is a theorem: valid for any multipliers, equal to the optimum for the right ones."""

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import COUPLINGS, random_problem
from voltherd.flexibility.bound import weak_duality_bound
from voltherd.flexibility.highs import solve_continuous
from voltherd.flexibility.linear_program import ProgramBuilder
from voltherd.flexibility.tight_rows import build


@pytest.mark.parametrize("seed", range(6))
def test_tight_at_the_optimal_multipliers(seed: int) -> None:
    program, _ = build(random_problem(seed, COUPLINGS))
    solution = solve_continuous(program)
    assert weak_duality_bound(program, solution.row_dual) == pytest.approx(solution.objective, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_valid_for_multipliers_of_any_size_and_sign(seed: int) -> None:
    program, _ = build(random_problem(seed, COUPLINGS))
    solution = solve_continuous(program)
    rng = np.random.default_rng(seed)
    for size in (1e-6, 1e-2, 1.0, 100.0):
        noise = rng.normal(0.0, size, len(solution.row_dual))
        for y in (noise, solution.row_dual + noise, -solution.row_dual):
            bound = weak_duality_bound(program, y)
            assert np.isfinite(bound)
            assert bound <= solution.objective + 1e-9 * abs(solution.objective)
    assert weak_duality_bound(program, solution.row_dual + noise) < solution.objective - 1.0


def test_by_hand() -> None:
    # min x + 2 y, x + y >= 3, 0 <= x <= 2, 0 <= y <= 5: x = 2, y = 1, cost 4; the multiplier is 2.
    builder = ProgramBuilder()
    columns = builder.columns(2, 0.0, [2.0, 5.0], [1.0, 2.0])
    row = builder.rows(1, 3.0, np.inf)
    builder.entries(np.repeat(row, 2), columns, 1.0)
    program = builder.build()
    assert weak_duality_bound(program, np.array([2.0])) == pytest.approx(4.0)
    assert weak_duality_bound(program, np.array([1.0])) == pytest.approx(3.0)
    assert weak_duality_bound(program, np.array([-7.0])) == pytest.approx(0.0)  # points at an infinite side


def test_every_column_of_the_model_is_bounded() -> None:
    program, _ = build(random_problem(1, COUPLINGS))
    assert np.all(np.isfinite(program.lower))
    assert np.all(np.isfinite(program.upper))
