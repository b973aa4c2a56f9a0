"""What is asked of the tip, and the pose that it should have this very tick."""

from __future__ import annotations

from enum import Enum
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import TargetError
from ik_gd.core.kernels import kinematics, poses, steering
from ik_gd.core.pose import Pose
from ik_gd.core.target_stream import TargetStream

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain
    from ik_gd.core.follower_settings import FollowerSettings
    from ik_gd.core.solver import Solution

Array = NDArray[np.float64]

FRAMES = ('base', 'tip')
_NOTHING = 1e-7  # [m] and [rad]
_ALIKE = 0.7  # the cosine of two twists, above which they lead the same way


class Asked(Enum):
    """The kinds of thing that can be asked for."""

    NOTHING = 0
    POSE = 1
    TWIST = 2
    HOME = 3


class Reference:
    """Turns a target pose, or a twist, into the pose to solve for at each tick.

    On the path 'joint' that is the target itself. On the path 'cartesian', and in jogging, it is
    a pose that starts at the tip and moves straight, no faster than the joints can follow.

    Args:
        chain: the arm.
        weights: (6,) of the objective's directions: those of weight 0 are free.

    Attributes:
        asked: which of these counts now.
        pose: (7,) position [m] and quaternion of this tick.
        target: (7,) position [m] and quaternion to which the pose moves.
        is_smooth: whether this pose moved evenly from that of the tick before.
        is_steered: whether it is on its way to the target, or goes by a twist.
        is_halted: whether a twist led to where the arm cannot go, and still does.
    """

    def __init__(self, chain: Chain, weights: Array) -> None:
        self._chain = chain
        self._weights = weights / weights.max()
        self._stream = TargetStream()
        self._twist_asked = np.zeros(6)
        self._twist_received = -np.inf
        self._twist_frame = 'base'
        self._target_velocity = np.zeros(6)
        self._twist = np.zeros(6)
        self._times = np.zeros(2)
        self.asked = Asked.NOTHING
        self.pose = np.zeros(7)
        self.target = np.zeros(7)
        self.is_smooth = False
        self.is_steered = False
        self.is_halted = False

    def configure(self, settings: FollowerSettings, bounds: Array) -> None:
        """Take on settings; `bounds` (2, n) are the joints' velocity and acceleration limits."""
        self._settings = settings
        self._is_straight = settings.path == 'cartesian'
        self._pose_timeout = settings.target_timeout or np.inf
        self._speeds = np.array([settings.max_linear_velocity, settings.max_angular_velocity])
        self._bounds = np.ascontiguousarray(bounds)

    def receive_pose(self, pose: Pose, now: float) -> None:
        """Take in a target pose in the base frame."""
        self._stream.receive(pose.position, pose.quaternion_xyzw, now)

    def receive_twist(self, linear: ArrayLike, angular: ArrayLike, now: float, frame: str) -> None:
        """Take in a velocity of the tip.

        Raises:
            TargetError: a number is NaN or infinite, a shape is wrong, or no such frame.
        """
        if frame not in FRAMES:
            raise TargetError(f'twist frame {frame!r} must be one of {", ".join(FRAMES)}')
        twist = np.concatenate([_vector(linear, 'linear'), _vector(angular, 'angular')])
        same = float(twist @ self._twist_asked)
        if frame != self._twist_frame or same <= _ALIKE * norm(twist) * norm(self._twist_asked):
            self.is_halted = False
        self._twist_asked[:] = twist
        self._twist_received = now
        self._twist_frame = frame

    def is_stale(self, now: float) -> bool:
        """Return whether the newest request is too old."""
        if self.asked is Asked.POSE:
            return now - self._stream.received > self._pose_timeout
        if self.asked is Asked.TWIST:
            return now - self._twist_received > self._settings.twist_timeout
        return False

    def place(self, q: Array) -> None:
        """Put the pose on the tip of the posture `q` (n,)."""
        T = kinematics.forward(self._chain.segments, q)
        self.pose[:3] = T[:3, 3]
        poses.quaternion_of(T, self.pose[3:])

    def start(self, q: Array) -> None:
        """Begin at the tip of the posture `q` (n,), at rest."""
        self.place(q)
        self._twist[:] = 0.0
        self.is_smooth = False

    def move(
        self, now: float, dt: float, goal: Array, goal_velocity: Array, willing: float
    ) -> None:
        """Move on to the pose of this tick.

        Args:
            now: [s].
            dt: the time since the last tick [s].
            goal: (n,) the joints' goal of the tick before [rad or m].
            goal_velocity: (n,) how that moved [rad/s or m/s].
            willing: how much of the speed to use, 0 .. 1.
        """
        if self.asked is Asked.TWIST:
            self._target_velocity[:] = self._twist_asked
            if self._twist_frame == 'tip':
                R = kinematics.forward(self._chain.segments, goal)[:3, :3]
                self._target_velocity[:3] = R @ self._twist_asked[:3]
                self._target_velocity[3:] = R @ self._twist_asked[3:]
            self._steer(dt, goal, goal_velocity, willing, jogging=True)
            self.target[:] = self.pose
            return
        self.target[:] = self._stream.at(now)
        if self._is_straight:
            self._target_velocity[:] = self._stream.velocity.ravel()
            self._steer(dt, goal, goal_velocity, willing, jogging=False)
        else:
            self.pose[:] = self.target
            self.is_smooth = self._stream.is_moving
            self.is_steered = False

    def is_blocked(self, solution: Solution | None, dt: float) -> bool:
        """Return whether a twist is not obeyed: most of its last step is left as an error."""
        if self.asked is not Asked.TWIST or solution is None or solution.converged:
            return False
        linear, angular = norm(self._twist[:3]), norm(self._twist[3:])
        if linear > 0.0:
            return solution.position_error > 0.5 * linear * dt + _NOTHING
        return solution.rotation_error > 0.5 * angular * dt + _NOTHING

    def _steer(
        self, dt: float, goal: Array, goal_velocity: Array, willing: float, jogging: bool
    ) -> None:
        if dt <= 0.0:
            return
        self._times[0], self._times[1] = dt, willing
        steering.steer(
            self._chain.segments,
            goal,
            goal_velocity,
            self.pose[:3],
            self.pose[3:],
            self._twist,
            self.target,
            self._target_velocity,
            self._weights,
            self._speeds,
            self._bounds,
            self._times,
            jogging,
        )
        self.is_smooth = True
        self.is_steered = True


def norm(vector: Array) -> float:
    """Return the length of a short vector; quicker than numpy's."""
    return sqrt(float(vector @ vector))


def _vector(values: ArrayLike, name: str) -> Array:
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(f'{name} velocity is not numeric: {values!r}') from error
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise TargetError(f'{name} velocity must be three finite numbers, not {vector.tolist()}')
    return vector
