from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='Pinocchio (pip install pin) judges the answers')
pytest.importorskip('rich', reason='rich shows the progress')

from rich.progress import Progress

from ik_gd.benchmark import tracking
from ik_gd.benchmark.results import Plan


@pytest.mark.parametrize(
    ('marks', 'longest'), [([], 0), ([0, 0], 0), ([1, 0, 1, 1], 2), ([1, 1, 0, 1], 2)]
)
def test_the_longest_run_of_misses_is_counted(marks: list[int], longest: int) -> None:
    assert tracking.longest_run(np.array(marks, dtype=bool)) == longest


def test_bounded_tracking_cannot_flip_and_free_tracking_stands_beside_it() -> None:
    plan = Plan(arms=('scara4',), peers=(), targets=2_000, cases=1)
    with Progress(disable=True) as progress:
        rows = tracking.run(plan, progress)[0].rows
    bounded = [row for row in rows if row['solver'] == 'ik_gd, bounded']
    assert [row['path'] for row in bounded] == [
        row['path'] for row in rows if row['solver'] == 'ik_gd'
    ]
    for row in bounded:
        assert row['flips'] == 0
        assert row['largest_step_rad'] <= tracking.FLIP + 1e-12
    assert all(row['missed'] == 0 for row in bounded if row['path'] != 'walk 0.1')
