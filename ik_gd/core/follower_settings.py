"""Settings of the follower: how fast, how long to wait, what counts as there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.errors import SettingsError
from ik_gd.core.motion import MotionLimits

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain

PATHS = ('joint', 'cartesian')
UNKNOWN_SPEED = 1.0  # [rad/s or m/s] for joints whose description gives no velocity limit

PerJoint = float | Sequence[float]


@dataclass(frozen=True)
class FollowerSettings:
    """How a follower moves an arm. Values per joint are one number for all, or one for each.

    Attributes:
        rate: ticks a second, as a rule [Hz].
        path: 'joint' for the straight line in joint space, 'cartesian' for that of the tip.
        max_velocity: [rad/s or m/s]; inf for what the description says.
        max_velocity_scale: times the velocity limits, above 0 and up to 1.
        max_acceleration: [rad/s^2 or m/s^2].
        max_jerk: [rad/s^3 or m/s^3]; inf for no such limit.
        position_limit_margin: how far to stay inside the position limits [rad or m].
        max_linear_velocity: of the tip, where it goes straight and in jogging [m/s].
        max_angular_velocity: of the tip, likewise [rad/s].
        target_timeout: a pose older than that stops the arm [s]; 0 or inf for never.
        twist_timeout: a twist older than that stops the arm [s].
        joint_state_timeout: joint positions older than that stop the arm [s].
        position_tolerance: up to which the target counts as reached [m].
        rotation_tolerance: likewise [rad].
        stall_time: how long the descent is stuck before the state is STALLED [s].
        allow_branch_change: whether to then search for another posture and travel there.
        home: where `home` goes (n,) [rad or m]; None for the middle of the joints' ranges.
        max_following_error: commanded minus measured, beyond which for `following_error_time`
            is a fault [rad or m]; inf for never.
        following_error_time: [s].
        iterations: descent iterations a tick at most; None for the solver's own number.

    Raises:
        SettingsError: a value is out of its range.
    """

    rate: float = 100.0
    path: str = 'joint'
    max_velocity: PerJoint = inf
    max_velocity_scale: float = 1.0
    max_acceleration: PerJoint = 10.0
    max_jerk: PerJoint = inf
    position_limit_margin: PerJoint = 0.0
    max_linear_velocity: float = 0.5
    max_angular_velocity: float = 1.5
    target_timeout: float = 0.0
    twist_timeout: float = 0.25
    joint_state_timeout: float = 0.2
    position_tolerance: float = 1e-3
    rotation_tolerance: float = 1e-2
    stall_time: float = 0.5
    allow_branch_change: bool = False
    home: Sequence[float] | None = None
    max_following_error: PerJoint = inf
    following_error_time: float = 0.5
    iterations: int | None = None

    def __post_init__(self) -> None:
        for name in _ABOVE_ZERO:
            _check(name, getattr(self, name), 'finite and above 0', _is_above_zero)
        for name in _ABOVE_ZERO_OR_INF:
            _check(name, getattr(self, name), 'above 0', lambda x: x > 0.0)
        for name in ('target_timeout', 'stall_time', 'following_error_time'):
            _check(name, getattr(self, name), '0 or more', lambda x: x >= 0.0)
        _check(
            'position_limit_margin',
            self.position_limit_margin,
            '0 or more',
            lambda x: isfinite(x) and x >= 0.0,
        )
        _check(
            'max_velocity_scale',
            self.max_velocity_scale,
            'above 0 and up to 1',
            lambda x: 0.0 < x <= 1.0,
        )
        if self.path not in PATHS:
            raise SettingsError(f'path {self.path!r} must be one of {", ".join(PATHS)}')
        if self.home is not None:
            _check('home', self.home, 'finite', isfinite)
        if self.iterations is not None and self.iterations < 1:
            raise SettingsError(f'iterations {self.iterations} must be 1 or more')

    def motion_limits(self, chain: Chain) -> MotionLimits:
        """Return the limits within which the joints of `chain` are moved.

        Raises:
            SettingsError: a value per joint is not one for each, or a margin leaves no range.
        """
        n = chain.dof
        margin = per_joint('position_limit_margin', self.position_limit_margin, chain)
        lower, upper = chain.lower + margin, chain.upper - margin
        for i in range(n):
            if lower[i] > upper[i]:
                raise SettingsError(
                    f'position_limit_margin {margin[i]:g} leaves nothing of the range '
                    f'{chain.lower[i]:g} .. {chain.upper[i]:g} of joint {chain.joint_names[i]!r}'
                )
        described = chain.max_velocity
        known = np.isfinite(described) & (described > 0.0)
        speed = np.minimum(
            np.where(known, described, np.inf),
            per_joint('max_velocity', self.max_velocity, chain),
        )
        speed = np.where(np.isfinite(speed), speed, UNKNOWN_SPEED) * self.max_velocity_scale
        return MotionLimits(
            lower,
            upper,
            speed,
            per_joint('max_acceleration', self.max_acceleration, chain),
            per_joint('max_jerk', self.max_jerk, chain),
        )

    def home_posture(self, chain: Chain) -> NDArray[np.float64]:
        """Return where `home` goes (n,), inside the limits.

        Raises:
            SettingsError: it has not one number for each joint, or is outside the limits.
        """
        if self.home is None:
            return chain.middle
        home = per_joint('home', self.home, chain)
        outside = (home < chain.lower) | (home > chain.upper)
        if outside.any():
            i = int(np.argmax(outside))
            raise SettingsError(
                f'home {home[i]:g} of joint {chain.joint_names[i]!r} is outside its limits '
                f'{chain.lower[i]:g} .. {chain.upper[i]:g}'
            )
        return home


_ABOVE_ZERO = (
    'rate',
    'max_acceleration',
    'max_linear_velocity',
    'max_angular_velocity',
    'twist_timeout',
    'joint_state_timeout',
    'position_tolerance',
    'rotation_tolerance',
)
_ABOVE_ZERO_OR_INF = ('max_velocity', 'max_jerk', 'max_following_error')


def per_joint(name: str, values: PerJoint, chain: Chain) -> NDArray[np.float64]:
    """Return setting `name` as one number for each joint (n,).

    Raises:
        SettingsError: there are neither one nor n numbers.
    """
    array = np.atleast_1d(np.array(values, dtype=np.float64))
    if array.shape not in ((1,), (chain.dof,)):
        raise SettingsError(
            f'{name} has {array.size} values; give one for all, or one for each of the '
            f'{chain.dof} joints {", ".join(chain.joint_names)}'
        )
    return np.array(np.broadcast_to(array, (chain.dof,)))


def _is_above_zero(value: float) -> bool:
    return isfinite(value) and value > 0.0


def _check(name: str, value: object, rule: str, holds: object) -> None:
    """Raise a SettingsError unless `holds` for the number, or for each of the numbers."""
    assert callable(holds)
    try:
        numbers = [float(x) for x in np.atleast_1d(np.asarray(value, dtype=np.float64))]
    except (TypeError, ValueError) as error:
        raise SettingsError(f'{name} {value!r} is not a number') from error
    if not numbers or not all(holds(x) for x in numbers):
        raise SettingsError(f'{name} {value!r} must be {rule}')
