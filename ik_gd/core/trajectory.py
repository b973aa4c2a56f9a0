"""Joint-space trajectories: timed points, what lies between them, and which joints follow them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import CommandError


class Trajectory:
    """Timed points for n joints, straight between them, or cubic where velocities are given.

    Args:
        time: (k,) strictly increasing, from the start of the trajectory [s].
        position: (k, n) [rad or m].
        velocity: (k, n) [rad/s or m/s]; None: joints move at a constant speed between points.

    Raises:
        CommandError: no points, wrong shapes, a value that is not finite, or times that are
            negative or do not increase.
    """

    def __init__(
        self, time: ArrayLike, position: ArrayLike, velocity: ArrayLike | None = None
    ) -> None:
        self._time = np.array(time, dtype=np.float64)
        self._position = np.array(position, dtype=np.float64)
        self._velocity = None if velocity is None else np.array(velocity, dtype=np.float64)
        self._check()

    @property
    def duration(self) -> float:
        """When the last point is due, from the start [s]."""
        return float(self._time[-1])

    def starting_at(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64]
    ) -> Trajectory:
        """Return this trajectory with a point at time 0 put in front, unless it has one.

        Args:
            position: (n,) where the joints are at the start [rad or m].
            velocity: (n,) how fast they move there; used only where the others have velocities.
        """
        if self._time[0] == 0.0:
            return self
        return Trajectory(
            np.concatenate(([0.0], self._time)),
            np.vstack((position, self._position)),
            None if self._velocity is None else np.vstack((velocity, self._velocity)),
        )

    def sample(self, time: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return position (n,) and velocity (n,) at `time` [s]; at rest before and after."""
        if time <= self._time[0] or len(self._time) == 1:
            return self._position[0].copy(), np.zeros_like(self._position[0])
        if time >= self.duration:
            return self._position[-1].copy(), np.zeros_like(self._position[-1])
        i = int(np.searchsorted(self._time, time, side='right')) - 1
        h = float(self._time[i + 1] - self._time[i])
        s = (time - float(self._time[i])) / h
        p0, p1 = self._position[i], self._position[i + 1]
        if self._velocity is None:
            return p0 + s * (p1 - p0), (p1 - p0) / h
        # The cubic Hermite polynomial and its derivative, s in 0..1.
        m0, m1 = h * self._velocity[i], h * self._velocity[i + 1]
        rise = p1 - p0
        c2, c3 = 3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise
        return p0 + s * (m0 + s * (c2 + s * c3)), (m0 + s * (2.0 * c2 + 3.0 * s * c3)) / h

    def _check(self) -> None:
        t, p, v = self._time, self._position, self._velocity
        if t.ndim != 1 or t.size == 0:
            raise CommandError('a trajectory needs at least one point')
        if p.ndim != 2 or len(p) != len(t) or (v is not None and v.shape != p.shape):
            raise CommandError(
                f'{t.size} times, positions {p.shape} and velocities'
                f' {None if v is None else v.shape} do not make a trajectory'
            )
        for values, name in ((t, 'time'), (p, 'position'), (v, 'velocity')):
            if values is not None and not np.isfinite(values).all():
                raise CommandError(f'a trajectory {name} is NaN or infinite')
        if t[0] < 0.0 or not (np.diff(t) > 0.0).all():
            raise CommandError(f'trajectory times {t.tolist()} are negative or do not increase')


@dataclass
class _Playing:
    trajectory: Trajectory
    start: float
    joints: NDArray[np.intp]  # the arm's joint of each column that this trajectory still owns
    columns: NDArray[np.intp]


class TrajectoryPlayer:
    """Follows trajectories for some joints of an arm, the newest order for a joint wins.

    It has no clock: times are handed in, on any clock that only goes forward.

    Args:
        joint_count: n, the joints of the arm.
    """

    def __init__(self, joint_count: int) -> None:
        self._joint_count = joint_count
        self._playing: list[_Playing] = []

    @property
    def active(self) -> bool:
        """Whether any joint has a trajectory to follow."""
        return bool(self._playing)

    def play(self, trajectory: Trajectory, joints: NDArray[np.intp], start: float) -> None:
        """Follow `trajectory` from `start` [s] on; column i drives joint `joints[i]`."""
        self.release(joints)
        columns = np.arange(len(joints), dtype=np.intp)
        self._playing.append(_Playing(trajectory, start, joints, columns))

    def release(self, joints: NDArray[np.intp]) -> None:
        """Let go of some joints: another order has come for them."""
        for playing in self._playing:
            kept = ~np.isin(playing.joints, joints)
            playing.joints, playing.columns = playing.joints[kept], playing.columns[kept]
        self._playing = [playing for playing in self._playing if playing.joints.size]

    def stop(self) -> None:
        """Forget all trajectories."""
        self._playing = []

    def sample(self, now: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what the arm shall do at `now` [s], and forget what ends with it.

        Returns:
            Position (n,) and velocity (n,), NaN for joints without a trajectory, or with one that
            has not begun. The last sample of a trajectory is its last point, at rest.
        """
        position = np.full(self._joint_count, np.nan)
        velocity = np.full(self._joint_count, np.nan)
        for playing in self._playing:
            time = now - playing.start
            if time < 0.0:
                continue
            p, v = playing.trajectory.sample(time)
            position[playing.joints] = p[playing.columns]
            velocity[playing.joints] = v[playing.columns]
        self._playing = [
            playing
            for playing in self._playing
            if now - playing.start < playing.trajectory.duration
        ]
        return position, velocity
