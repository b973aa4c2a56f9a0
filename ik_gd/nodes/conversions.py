"""Messages to core types and back; every check of a message's numbers and names is here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Twist
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from ik_gd.core.errors import TargetError
from ik_gd.core.pose import Pose


def pose_from_message(message: PoseMessage) -> Pose:
    """Return the pose of a message.

    Raises:
        TargetError: NaN, infinity, or a quaternion that is not of length 1 within a hundredth.
    """
    p, q = message.position, message.orientation
    return Pose((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def write_pose(pose: Pose, message: PoseMessage) -> None:
    """Put `pose` into `message`, which is used again and again."""
    p, q = message.position, message.orientation
    p.x, p.y, p.z = pose.position.tolist()
    q.x, q.y, q.z, q.w = pose.quaternion_xyzw.tolist()


def twist_from_message(message: Twist) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the linear (3,) [m/s] and angular (3,) [rad/s] velocity of a message.

    Raises:
        TargetError: NaN or infinity.
    """
    linear, angular = message.linear, message.angular
    twist = np.array([linear.x, linear.y, linear.z, angular.x, angular.y, angular.z])
    if not np.isfinite(twist).all():
        raise TargetError(f'the twist has a NaN or infinite entry: {twist.tolist()}')
    return twist[:3], twist[3:]


class JointReader:
    """Takes the positions of some joints out of joint states of any order and completeness.

    Args:
        joint_names: the n joints that are wanted; others are passed over.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self._columns = {name: i for i, name in enumerate(joint_names)}
        self._names: list[str] = []
        self._sources = np.zeros(0, dtype=np.intp)
        self._wanted = np.zeros(0, dtype=np.intp)
        self._position = np.full(len(self._columns), np.nan)

    def read(self, message: JointState) -> NDArray[np.float64] | None:
        """Return the positions (n,) [rad or m], NaN for joints that the message does not have.

        The array is used again for the next message. None if the message has none of the joints.

        Raises:
            TargetError: more or fewer positions than names.
        """
        names, position = message.name, message.position
        if len(names) != len(position):
            raise TargetError(
                f'a joint state with {len(names)} names has {len(position)} positions'
            )
        if names != self._names:
            self._find(names)
        if not len(self._wanted):
            return None
        self._position[self._wanted] = np.asarray(position)[self._sources]
        return self._position

    def _find(self, names: Sequence[str]) -> None:
        """Remember where the wanted joints stand in messages with these names."""
        found = [(i, self._columns[name]) for i, name in enumerate(names) if name in self._columns]
        self._names = list(names)
        self._sources = np.array([source for source, _ in found], dtype=np.intp)
        self._wanted = np.array([column for _, column in found], dtype=np.intp)
        self._position[:] = np.nan


def buffer_of(message: Any, field: str, size: int) -> NDArray[np.float64]:
    """Give a float64[] field `size` zeros and return a view (size,) that writes into it."""
    numbers = array('d', bytes(8 * size))
    setattr(message, field, numbers)
    return np.frombuffer(getattr(message, field), dtype=np.float64)
