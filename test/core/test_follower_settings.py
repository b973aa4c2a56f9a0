from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from follower_rig import FIVE_JOINTS, PRISMATIC

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError
from ik_gd.core.follower_settings import UNKNOWN_SPEED, FollowerSettings

ARM = Chain.from_urdf(FIVE_JOINTS)


@pytest.mark.parametrize(
    'bad',
    [
        {'rate': 0.0},
        {'rate': np.inf},
        {'rate': np.nan},
        {'path': 'straight'},
        {'max_velocity': 0.0},
        {'max_velocity': [1.0, -1.0, 1.0, 1.0, 1.0]},
        {'max_velocity_scale': 1.5},
        {'max_velocity_scale': 0.0},
        {'max_acceleration': np.inf},
        {'max_acceleration': 'high'},
        {'max_jerk': -1.0},
        {'position_limit_margin': -0.1},
        {'max_linear_velocity': 0.0},
        {'max_angular_velocity': np.nan},
        {'target_timeout': -1.0},
        {'twist_timeout': 0.0},
        {'joint_state_timeout': 0.0},
        {'position_tolerance': 0.0},
        {'rotation_tolerance': -1.0},
        {'stall_time': -0.1},
        {'home': [0.0, np.nan, 0.0, 0.0, 0.0]},
        {'max_following_error': 0.0},
        {'following_error_time': -1.0},
        {'iterations': 0},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(bad: dict[str, Any]) -> None:
    (name,) = bad
    with pytest.raises(SettingsError, match=name):
        FollowerSettings(**bad)


@pytest.mark.parametrize(
    ('bad', 'words'),
    [
        ({'max_acceleration': [1.0, 2.0]}, 'pan, lift, elbow, wrist, roll'),
        ({'max_jerk': [100.0] * 4}, 'max_jerk'),
        ({'max_jerk': 1.0}, 'max_jerk'),
        ({'position_limit_margin': 1.65}, "'elbow'"),
    ],
)
def test_values_that_do_not_suit_the_arm_are_refused(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        FollowerSettings(**bad).motion_limits(ARM)


@pytest.mark.parametrize('home', [[0.0], [0.0] * 4, [0.0, 0.0, -1.0, 0.0, 0.0]])
def test_a_home_that_is_not_a_posture_of_the_arm_is_refused(home: list[float]) -> None:
    if home == [0.0]:
        assert (FollowerSettings(home=home).home_posture(ARM) == 0.0).all()
        return
    with pytest.raises(SettingsError, match='home'):
        FollowerSettings(home=home).home_posture(ARM)


def test_the_default_home_is_the_middle_of_the_ranges() -> None:
    home = FollowerSettings().home_posture(ARM)
    np.testing.assert_allclose(home, [0.0, 0.0, 1.1, 0.0, 0.0])


def test_limits_are_the_description_s_within_the_settings() -> None:
    limits = FollowerSettings(
        max_velocity=2.5, max_velocity_scale=0.5, position_limit_margin=0.1
    ).motion_limits(ARM)
    np.testing.assert_allclose(limits.max_velocity, [1.25, 1.0, 1.0, 1.25, 1.25])
    np.testing.assert_allclose(limits.lower[:4], ARM.lower[:4] + 0.1)
    np.testing.assert_allclose(limits.upper[:4], ARM.upper[:4] - 0.1)
    assert np.isinf(limits.upper[4])


def test_a_joint_without_a_speed_limit_is_slow() -> None:
    assert FollowerSettings().motion_limits(ARM).max_velocity[4] == UNKNOWN_SPEED


def test_a_joint_whose_limits_meet_is_allowed() -> None:
    limits = FollowerSettings().motion_limits(Chain.from_urdf(PRISMATIC))
    assert limits.lower[2] == limits.upper[2] == 0.5
