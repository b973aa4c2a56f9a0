"""Joint commands and trajectories from messages: every check of names, lengths and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ik_gd.core.errors import CommandError
from ik_gd.core.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class JointCommand:
    """What a JointState message tells the n joints of an arm to do.

    Attributes:
        joints: (m,) the arm's joints that the message commands.
        position: (n,) [rad or m], NaN for the others.
        velocity: (n,) [rad/s or m/s], NaN where none is given; None: for no joint.
    """

    joints: NDArray[np.intp]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class _Names:
    """How the names of a message map to the joints of an arm."""

    columns: NDArray[np.intp]
    joints: NDArray[np.intp]
    unknown: tuple[str, ...]


class JointMessageReader:
    """Reads commands for the joints of one arm, whatever order and company they come in.

    Args:
        joint_names: the n joints of the arm.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self._index = {name: i for i, name in enumerate(joint_names)}
        self._newest: tuple[list[str], _Names] = ([], _Names(*np.zeros((2, 0), np.intp), ()))
        self._told: set[str] = set()

    def read_command(self, message: JointState) -> JointCommand:
        """Return the command in a message.

        Joints of other arms and joints whose position is NaN are left out.

        Raises:
            CommandError: lengths do not agree, a name comes twice, a value is infinite.
        """
        names = self._names(message.name)
        position = _values(message.position, len(message.name), 'position')
        if position is None and len(message.name):
            raise CommandError(f'{len(message.name)} names with no positions')
        velocity = _values(message.velocity, len(message.name), 'velocity')
        n = len(self._index)
        q = np.full(n, np.nan)
        if position is not None:
            q[names.joints] = position[names.columns]
        joints = np.flatnonzero(~np.isnan(q))
        if velocity is None:
            return JointCommand(joints, q, None)
        v = np.full(n, np.nan)
        v[names.joints] = velocity[names.columns]
        return JointCommand(joints, q, v)

    def read_trajectory(
        self, message: JointTrajectory
    ) -> tuple[Trajectory, NDArray[np.intp]] | None:
        """Return the trajectory and the arm's joint of each of its columns.

        Joints of other arms are left out; None if there is no other joint.

        Raises:
            CommandError: no points, lengths that do not agree, a name that comes twice, a NaN,
                times that do not increase, velocities in some points only.
        """
        names = self._names(message.joint_names)
        size = len(message.joint_names)
        rows_p, rows_v, times = [], [], []
        for point in message.points:
            p = _values(point.positions, size, 'position')
            if p is None:
                raise CommandError('a trajectory point without positions is not supported')
            v = _values(point.velocities, size, 'velocity')
            rows_p.append(p[names.columns])
            if v is not None:
                rows_v.append(v[names.columns])
            times.append(point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec)
        if rows_v and len(rows_v) != len(rows_p):
            raise CommandError(
                f'velocities in {len(rows_v)} of {len(rows_p)} trajectory points: all or none'
            )
        if rows_p and not names.joints.size:
            return None
        return Trajectory(times, rows_p, rows_v or None), names.joints

    def take_unknown(self) -> tuple[str, ...]:
        """Return the names in the newest message that the arm lacks, each name only once."""
        new = tuple(name for name in self._newest[1].unknown if name not in self._told)
        self._told.update(new)
        return new

    def _names(self, names: list[str]) -> _Names:
        if names == self._newest[0]:  # as in nearly every message
            return self._newest[1]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise CommandError(f'joint named twice: {", ".join(twice)}')
        known = [(i, self._index[name]) for i, name in enumerate(names) if name in self._index]
        columns, joints = np.array(known, dtype=np.intp).reshape(-1, 2).T.copy()
        unknown = tuple(name for name in names if name not in self._index)
        found = _Names(columns, joints, unknown)
        self._newest = (list(names), found)
        return found


def _values(values: Sequence[float], size: int, kind: str) -> NDArray[np.float64] | None:
    """Return message values as (size,), None if there are none."""
    if len(values) == 0:
        return None
    if len(values) != size:
        raise CommandError(f'{size} names with {len(values)} {kind} values')
    if math.inf in values or -math.inf in values:
        raise CommandError(f'infinite {kind} in {list(values)}')
    return np.array(values, dtype=np.float64)
