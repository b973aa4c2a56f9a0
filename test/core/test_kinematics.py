from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.core.errors import TargetError
from ik_gd.core.kernels.trigonometry import sines_and_cosines


def both(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sines, cosines = np.empty_like(angles), np.empty_like(angles)
    sines_and_cosines(angles, sines, cosines, angles.size)
    return sines, cosines


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=20))
def test_sines_and_cosines_are_those_of_the_library_within_a_rounding(angles: list[float]) -> None:
    given_angles = np.array(angles)
    sines, cosines = both(given_angles)
    np.testing.assert_allclose(sines, np.sin(given_angles), rtol=0.0, atol=2.3e-16)
    np.testing.assert_allclose(cosines, np.cos(given_angles), rtol=0.0, atol=2.3e-16)


def test_sines_and_cosines_at_multiples_of_an_eighth_turn() -> None:
    angles = np.arange(-400, 401) * np.pi / 4
    sines, cosines = both(angles)
    np.testing.assert_allclose(sines, np.sin(angles), rtol=0.0, atol=2.3e-16)
    np.testing.assert_allclose(cosines, np.cos(angles), rtol=0.0, atol=2.3e-16)


@pytest.mark.parametrize('angle', [1e6, -1e12, 1e300])
def test_huge_angles_are_left_to_the_library(angle: float) -> None:
    sines, cosines = both(np.array([0.5, angle]))
    np.testing.assert_array_equal(sines, np.sin([0.5, angle]))
    np.testing.assert_array_equal(cosines, np.cos([0.5, angle]))


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_a_bad_angle_stays_visible(bad: float) -> None:
    sines, cosines = both(np.array([bad, 0.1]))
    assert np.isnan(sines[0]) and np.isnan(cosines[0])
    assert sines[1] == np.sin(0.1)


def test_joint_positions_of_the_wrong_shape_are_refused_with_the_joints_names() -> None:
    from arm_models import SHIPPED

    with pytest.raises(TargetError, match='joint'):
        SHIPPED[0].chain().forward([0.0, 0.0, 0.0])
