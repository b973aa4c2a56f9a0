"""Paths that a target can follow: pure functions of time, each returning a Pose."""

from __future__ import annotations

import bisect
import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from transforms3d.quaternions import qinverse, qmult, quat2axangle

from ik_gd.core.errors import SettingsError
from ik_gd.core.pose import Pose

PLANES = ('xy', 'xz', 'yz')
_AXES = {'x': 0, 'y': 1, 'z': 2}
_START_TIME = 1.0  # [s] a path begins at rest and is at its full speed after this


class Path(Protocol):
    """Where a target is at each moment."""

    def pose(self, time: float) -> Pose:
        """Return the target's pose `time` [s] after its start."""
        ...


def circle(phase: float) -> tuple[float, float]:
    """Return the point of the unit circle at `phase` [rad], measured from its rightmost point."""
    return math.cos(phase), math.sin(phase)


def figure_eight(phase: float) -> tuple[float, float]:
    """Return a point of Gerono's lemniscate (a lying eight, two units wide, one high)."""
    return math.sin(phase), math.sin(phase) * math.cos(phase)


def line(phase: float) -> tuple[float, float]:
    """Return a point that swings between -1 and 1 along the first axis."""
    return math.sin(phase), 0.0


def square(phase: float) -> tuple[float, float]:
    """Return a point on the square of side 2 that stands still for a moment in each corner."""
    corners = ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))
    side, part = divmod(phase / (math.pi / 2.0), 1.0)
    start, end = corners[int(side) % 4], corners[(int(side) + 1) % 4]
    eased = part * part * (3.0 - 2.0 * part)
    return (
        start[0] + (end[0] - start[0]) * eased,
        start[1] + (end[1] - start[1]) * eased,
    )


SHAPES: dict[str, Callable[[float], tuple[float, float]]] = {
    'circle': circle,
    'figure-eight': figure_eight,
    'line': line,
    'square': square,
}


class ShapePath:
    """A closed plane figure at one orientation, begun at rest.

    Args:
        shape: one of SHAPES.
        centre: the middle of the figure, and the orientation all the way round.
        size: half of the figure's width [m].
        period: time of one round at full speed [s].
        plane: which axes of the base frame the figure lies in, one of PLANES.

    Raises:
        SettingsError: an unknown shape or plane, a size or period that is not above zero.
    """

    def __init__(
        self, shape: str, centre: Pose, size: float, period: float, plane: str = 'yz'
    ) -> None:
        if shape not in SHAPES:
            raise SettingsError(f'shape {shape!r} is not one of {", ".join(SHAPES)}')
        if plane not in PLANES:
            raise SettingsError(f'plane {plane!r} is not one of {", ".join(PLANES)}')
        if not (0.0 < size < math.inf and 0.0 < period < math.inf):
            raise SettingsError(f'size {size} m and period {period} s must be above zero')
        self._point = SHAPES[shape]
        self._centre = centre
        self._size = size
        self._period = period
        self._axes = _AXES[plane[0]], _AXES[plane[1]]

    def pose(self, time: float) -> Pose:
        """Return the target's pose `time` [s] after its start."""
        return self.round_pose(_after_soft_start(time) / self._period)

    def round_pose(self, rounds: float) -> Pose:
        """Return the pose after `rounds` of the figure, wherever it began."""
        first, second = self._point(2.0 * math.pi * rounds)
        position = self._centre.position.copy()
        position[self._axes[0]] += self._size * first
        position[self._axes[1]] += self._size * second
        return Pose(position, self._centre.quaternion_xyzw)


class StepPath:
    """Poses one after the other, each held for a while; the last is followed by the first.

    Args:
        poses: at least one.
        dwell: how long each is held [s].
    """

    def __init__(self, poses: Sequence[Pose], dwell: float) -> None:
        if not poses or not 0.0 < dwell < math.inf:
            raise SettingsError(f'{len(poses)} poses held {dwell} s each are no path')
        self._poses = tuple(poses)
        self._dwell = dwell

    def pose(self, time: float) -> Pose:
        """Return the pose held `time` [s] after the start."""
        return self._poses[int(max(time, 0.0) / self._dwell) % len(self._poses)]


class RecordedPath:
    """Poses with times, straight lines and even turns between them; repeated for ever.

    Args:
        times: (n,) [s], increasing.
        poses: n poses, n at least 2.

    Raises:
        SettingsError: the times do not increase, or there are not as many as poses.
    """

    def __init__(self, times: Sequence[float], poses: Sequence[Pose]) -> None:
        self._times = [float(time) for time in times]
        self._poses = tuple(poses)
        if len(self._times) != len(self._poses) or len(self._poses) < 2:
            raise SettingsError(
                f'a recorded path needs two poses or more and as many times, not '
                f'{len(self._poses)} poses and {len(self._times)} times'
            )
        steps = np.diff(self._times)
        if not (np.isfinite(self._times).all() and (steps > 0.0).all()):
            raise SettingsError('the times of a recorded path must be finite and increase')

    @classmethod
    def from_csv(cls, file: str | FilePath) -> RecordedPath:
        """Read rows of `t, x, y, z, qx, qy, qz, qw` [s, m]; a first row of words is a heading.

        Raises:
            SettingsError: the file cannot be read, or a row is not eight numbers.
        """
        try:
            with open(file, newline='', encoding='utf-8') as lines:
                rows = [row for row in csv.reader(lines) if row]
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f'cannot read the recorded path {file}: {error}') from error
        if rows and not _is_number(rows[0][0]):
            rows = rows[1:]
        if not all(len(row) == 8 and all(map(_is_number, row)) for row in rows):
            raise SettingsError(f'{file}: each row is t, x, y, z, qx, qy, qz, qw')
        values = [[float(word) for word in row] for row in rows]
        return cls([row[0] for row in values], [Pose(row[1:4], row[4:8]) for row in values])

    def pose(self, time: float) -> Pose:
        """Return the pose `time` [s] after the start, between its two neighbours."""
        first, last = self._times[0], self._times[-1]
        moment = first + max(time, 0.0) % (last - first)
        after = min(bisect.bisect_right(self._times, moment), len(self._times) - 1)
        before = after - 1
        part = (moment - self._times[before]) / (self._times[after] - self._times[before])
        return between(self._poses[before], self._poses[after], part)


def between(start: Pose, end: Pose, part: float) -> Pose:
    """Return the pose at `part` (0 to 1) of the straight way and shortest turn to `end`."""
    turn = qmult(qinverse(_wxyz(start)), _wxyz(end))
    axis, angle = quat2axangle(turn if turn[0] >= 0.0 else -turn)
    half = 0.5 * part * angle
    w, x, y, z = qmult(_wxyz(start), np.array([math.cos(half), *(math.sin(half) * axis)]))
    position = start.position + part * (end.position - start.position)
    return Pose(position, (x, y, z, w))


def _wxyz(pose: Pose) -> NDArray[np.float64]:
    return np.roll(pose.quaternion_xyzw, 1)


def _after_soft_start(time: float) -> float:
    """Return the time on a path that begins at rest: its speed grows evenly, then is 1."""
    if time <= 0.0:
        return 0.0
    if time < _START_TIME:
        return 0.5 * time * time / _START_TIME
    return time - 0.5 * _START_TIME


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
