"""Joint motion that keeps position, velocity, acceleration and jerk limits, step by step.

Why not Ruckig: it is a fine library, and the tests use it as the oracle of time-optimality. But
its free version passed position limits when the goal drifted over one, and replanning each tick
made it refuse 12 of 20,000 random steps of a 7-joint arm without a jerk limit. It took 4 us a
step (11 us with jerk) from Python; this module takes about 2 us, and what it promises follows
from braking distances, not from a solver of polynomials.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import SettingsError
from ik_gd.core.kernels import motion as kernels
from ik_gd.core.kernels import smoothing

Array = NDArray[np.float64]

LONGEST_STEP = 2.5  # [periods] after so long without a tick, the motion comes to rest
SHORTEST_STEP = 0.1  # [periods]
LONGEST_SMOOTHING = 2.0  # [s]


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """What n joints may do. Every array is a read-only copy.

    Attributes:
        lower: (n,) [rad or m]; -inf for none.
        upper: (n,) [rad or m]; inf for none.
        max_velocity: (n,) [rad/s or m/s].
        max_acceleration: (n,) [rad/s^2 or m/s^2].
        max_jerk: (n,) [rad/s^3 or m/s^3]; inf for none, in all joints or in none.

    Raises:
        SettingsError: shapes differ, a bound is not above zero, or lower is above upper.
    """

    lower: Array
    upper: Array
    max_velocity: Array
    max_acceleration: Array
    max_jerk: Array

    def __init__(
        self,
        lower: ArrayLike,
        upper: ArrayLike,
        max_velocity: ArrayLike,
        max_acceleration: ArrayLike,
        max_jerk: ArrayLike = np.inf,
    ) -> None:
        low = np.atleast_1d(np.array(lower, dtype=np.float64))
        given = (low, upper, max_velocity, max_acceleration, max_jerk)
        for field, values in zip(fields(self), given, strict=True):
            try:
                array = np.array(np.broadcast_to(values, low.shape), dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise SettingsError(
                    f'{field.name} {values!r} is not a number or {low.size} numbers, one a joint'
                ) from error
            array.flags.writeable = False
            object.__setattr__(self, field.name, array)
        self._check()

    def _check(self) -> None:
        if not (self.lower <= self.upper).all():
            raise SettingsError(
                f'lower {self.lower.tolist()} is above upper {self.upper.tolist()} somewhere'
            )
        for name in ('max_velocity', 'max_acceleration', 'max_jerk'):
            values = getattr(self, name)
            finite = np.isfinite(values).all() or name == 'max_jerk'
            if not finite or not (values > 0.0).all():
                raise SettingsError(f'{name} {values.tolist()} must be finite and above 0')
        limited = np.isfinite(self.max_jerk)
        if limited.any() and not limited.all():
            raise SettingsError(
                f'max_jerk {self.max_jerk.tolist()} must be finite for all joints or for none'
            )
        if self.smoothing_time > LONGEST_SMOOTHING:
            raise SettingsError(
                f'max_jerk {self.max_jerk.tolist()} is too low for max_acceleration '
                f'{self.max_acceleration.tolist()}: it must be at least 1/s times that'
            )

    @property
    def smoothing_time(self) -> float:
        """The time over which the motion is averaged to keep the jerk limit [s]; 0 for none."""
        return float((2.0 * self.max_acceleration / self.max_jerk).max())


class JointMotion:
    """Where the joints are told to be, moved on step by step within limits.

    The positions after each step are samples of one smooth curve. So all limits hold on them
    with respect to the time that really passed, however short or late the steps. Only where a
    jerk is limited, steps shorter than a tenth of the period are not allowed.

    Args:
        limits: of the n joints.
        period: how long a step lasts, as a rule [s]. A step that lasts longer than 2.5 periods
            moves on for so long and spends the rest coming to rest: who was silent for long
            must not jump.
        together: whether joints that start together also move in proportion, so that from rest
            their way is a straight line of joint space; else each is there as soon as it can.
    """

    def __init__(self, limits: MotionLimits, period: float, together: bool = True) -> None:
        n = limits.lower.size
        self._inner = np.zeros((2, n))  # before smoothing: position, velocity
        self._outer = np.zeros((2, n))  # as published: position, velocity
        self._phases = np.zeros((n, 2, kernels.PHASES))
        self._goal = np.zeros(n)
        self._zero = np.zeros(n)
        self._velocity_before = np.zeros(n)  # of the goal
        self._times = np.zeros(3)  # see smoothing.step
        self._flags = np.array([0.0, float(together), 1.0])  # see smoothing.step
        self._resting_for = 0.0
        self.set_limits(limits, period)

    @property
    def limits(self) -> MotionLimits:
        """What the joints may do."""
        return self._limits

    @property
    def position(self) -> Array:
        """Where the joints are told to be (n,) [rad or m]; the next step changes this array."""
        position: Array = self._outer[0]
        return position

    @property
    def velocity(self) -> Array:
        """How fast that moves (n,) [rad/s or m/s]; the next step changes this array."""
        velocity: Array = self._outer[1]
        return velocity

    @property
    def at_rest(self) -> bool:
        """Whether the motion has come to rest, its smoothing included."""
        return self._resting_for >= self._times[2] and not self._inner[1].any()

    @property
    def resting_place(self) -> Array:
        """Where the joints can come to rest at the earliest (n,) [rad or m]."""
        p, v = self._inner
        place: Array = p + 0.5 * v * np.abs(v) / self._limits.max_acceleration
        return place

    def set_limits(self, limits: MotionLimits, period: float) -> None:
        """Take on other limits; the motion must be at rest, so that none is broken."""
        assert self.at_rest or not self._inner[1].any(), 'limits change only at rest'
        self._limits = limits
        self._times[1] = LONGEST_STEP * period
        self._bounds = np.stack(
            [limits.lower, limits.upper, limits.max_velocity, limits.max_acceleration]
        )
        n, window = limits.lower.size, limits.smoothing_time
        self._times[2] = window
        pieces = kernels.PHASES * (ceil(window / (SHORTEST_STEP * period)) + 2)
        self._history = np.zeros((n, pieces if window > 0.0 else 1, smoothing.WIDTH))
        self._newest = np.zeros(n, dtype=np.int64)
        self.seed(self._outer[0].copy())

    def seed(self, position: Array) -> None:
        """Be at rest at `position` (n,), inside the limits or not."""
        self._inner[0] = position
        self._outer[0] = position
        self._inner[1] = 0.0
        self._outer[1] = 0.0
        self._resting_for = self._times[2]
        smoothing.forget(self._history, self._newest, self._inner[0])

    def step(self, goal: Array, goal_velocity: Array | None, dt: float, lead: bool = True) -> None:
        """Move on toward a goal.

        Args:
            goal: (n,) where it is at the end of the step [rad or m].
            goal_velocity: (n,) how it moves [rad/s or m/s]; None for not at all.
            dt: the time since the last step [s].
            lead: whether smoothing shall be ahead of a moving goal, by its own delay, and so
                pass it by a little where it stops.
        """
        self._goal[:] = goal
        self._flags[0] = 0.0
        self._flags[2] = lead
        self._move(self._zero if goal_velocity is None else goal_velocity, dt)

    def stop(self, dt: float) -> None:
        """Move on while coming to rest as soon as the limits allow.

        Args:
            dt: the time since the last step [s].
        """
        self._flags[0] = 1.0
        self._move(self._zero, dt)

    def _move(self, goal_velocity: Array, dt: float) -> None:
        if dt <= 0.0:
            return
        self._times[0] = dt
        rested = smoothing.step(
            self._inner,
            self._outer,
            self._goal,
            goal_velocity,
            self._velocity_before,
            self._bounds,
            self._times,
            self._flags,
            self._phases,
            self._history,
            self._newest,
        )
        self._velocity_before[:] = goal_velocity
        self._resting_for = self._resting_for + dt if rested else 0.0
