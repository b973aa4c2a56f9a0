"""What a hobby servo makes of its goal: late, in ticks, no faster than it can, and with play.

The model acts on the command. What comes out is where an ideal motor should be, so that the
simulated arm moves as one with cheap servos would, at a hundredth of the cost of modelling gears.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import SettingsError


@dataclass(frozen=True)
class HobbyServoSettings:
    """A servo's imperfections; the defaults are those of a good 12-bit serial servo.

    Attributes:
        delay: from a command to the first motion [s].
        ticks_per_turn: resolution of goals; 0 for none.
        dead_band: a goal nearer than this to the last one taken is ignored [rad].
        max_velocity: [rad/s].
        max_acceleration: [rad/s2].
        backlash: play between motor and joint, end to end [rad].
    """

    delay: float = 0.02
    ticks_per_turn: int = 4096
    dead_band: float = 0.0015
    max_velocity: float = 5.2
    max_acceleration: float = 60.0
    backlash: float = 0.0

    def __post_init__(self) -> None:
        for name in ('delay', 'ticks_per_turn', 'dead_band', 'backlash'):
            if not getattr(self, name) >= 0.0:
                raise SettingsError(f'servo {name}: {getattr(self, name)!r} is below 0')
        for name in ('max_velocity', 'max_acceleration'):
            if not getattr(self, name) > 0.0:
                raise SettingsError(f'servo {name}: {getattr(self, name)!r} is not above 0')


class HobbyServo:
    """n servos of one kind, moved one time step at a time.

    Args:
        position: (n,) where the joints are at first [rad].
        step: the time step [s].
        settings: the servo's imperfections.
    """

    def __init__(self, position: ArrayLike, step: float, settings: HobbyServoSettings) -> None:
        self._step = step
        self._settings = settings
        self.reset(position)

    def reset(self, position: ArrayLike) -> None:
        """Be at rest at `position` (n,) [rad]."""
        self._joint = np.array(position, dtype=np.float64)
        self._motor = self._joint.copy()
        self._velocity = np.zeros_like(self._joint)
        self._goal = self._joint.copy()
        steps = round(self._settings.delay / self._step)
        self._on_the_way = deque([self._joint.copy()] * steps)

    def advance(
        self, goal: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Go on by one time step with `goal` (n,) [rad].

        Returns:
            Position (n,) [rad] and velocity (n,) [rad/s] of the joints.
        """
        self._on_the_way.append(goal.copy())
        self._take(self._on_the_way.popleft())
        self._move_motor()
        before = self._joint
        half = 0.5 * self._settings.backlash
        self._joint = np.clip(before, self._motor - half, self._motor + half)
        return self._joint.copy(), (self._joint - before) / self._step

    def _take(self, goal: NDArray[np.float64]) -> None:
        s = self._settings
        if s.ticks_per_turn:
            tick = 2.0 * math.pi / s.ticks_per_turn
            goal = np.round(goal / tick) * tick
        far = np.abs(goal - self._goal) > s.dead_band
        self._goal[far] = goal[far]

    def _move_motor(self) -> None:
        """Approach the goal as fast as the limits allow and without going past it."""
        s, dt = self._settings, self._step
        rest = self._goal - self._motor
        # The fastest speed from which steps of deceleration end at the goal: k full steps of
        # deceleration cover a dt^2 k (k + 1) / 2, what remains is spread over all k + 1 steps.
        a_dt = s.max_acceleration * dt
        distance = np.abs(rest) / (a_dt * dt)
        k = np.floor(0.5 * (np.sqrt(1.0 + 8.0 * distance) - 1.0))
        stoppable = a_dt * (k + (distance - 0.5 * k * (k + 1.0)) / (k + 1.0))
        wanted = np.sign(rest) * np.minimum(stoppable, s.max_velocity)
        self._velocity += np.clip(wanted - self._velocity, -a_dt, a_dt)
        self._motor = self._motor + self._velocity * dt
