"""Joint commands as messages, in the exact form that each kind of consumer accepts.

One message object is made at start and filled anew each tick.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from builtin_interfaces.msg import Duration
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ik_gd.nodes.conversions import buffer_of
from ik_gd.nodes.interfaces import JOINT_COMMAND, RELIABLE

_TRAJECTORY_PERIODS = 1.5  # time_from_start: the next point arrives before this one is reached


class CommandOutput(Protocol):
    """Publishes commands for a fixed list of joints on `joint_command`."""

    def publish(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64], stamp: int
    ) -> None:
        """Publish one command.

        Args:
            position: (k,) [rad or m] in the order of the list.
            velocity: (k,) [rad/s or m/s] at which the joints shall pass there.
            stamp: the tick's time [ns].
        """
        ...

    def close(self) -> None:
        """Take the publisher away."""
        ...


class JointStateOutput:
    """Positions and velocity feed-forward by name: ik_gd's arms, Isaac Sim, topic-based hardware.

    Args:
        node: publishes.
        joint_names: the k joints.
    """

    def __init__(self, node: Node, joint_names: Sequence[str]) -> None:
        self._node = node
        self._message = JointState(name=list(joint_names))
        self._position = buffer_of(self._message, 'position', len(joint_names))
        self._velocity = buffer_of(self._message, 'velocity', len(joint_names))
        self._publisher = node.create_publisher(JointState, JOINT_COMMAND, RELIABLE)

    def publish(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64], stamp: int
    ) -> None:
        """Publish one command; see CommandOutput."""
        self._position[:] = position
        self._velocity[:] = velocity
        header = self._message.header
        header.stamp.sec, header.stamp.nanosec = divmod(stamp, 1_000_000_000)
        self._publisher.publish(self._message)

    def close(self) -> None:
        """Take the publisher away."""
        self._node.destroy_publisher(self._publisher)


class JointTrajectoryOutput:
    """One point, positions only, stamp 0: what joint_trajectory_controller takes for "now".

    Args:
        node: publishes.
        joint_names: the k joints: the controller's set exactly.
        period: of the control tick [s].
    """

    def __init__(self, node: Node, joint_names: Sequence[str], period: float) -> None:
        self._node = node
        fraction, seconds = math.modf(_TRAJECTORY_PERIODS * period)
        point = JointTrajectoryPoint(
            time_from_start=Duration(sec=int(seconds), nanosec=round(1e9 * fraction))
        )
        self._message = JointTrajectory(joint_names=list(joint_names), points=[point])
        self._position = buffer_of(point, 'positions', len(joint_names))
        self._publisher = node.create_publisher(JointTrajectory, JOINT_COMMAND, RELIABLE)

    def publish(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64], stamp: int
    ) -> None:
        """Publish one command; velocity and stamp are not for this consumer."""
        self._position[:] = position
        self._publisher.publish(self._message)

    def close(self) -> None:
        """Take the publisher away."""
        self._node.destroy_publisher(self._publisher)


class Float64MultiArrayOutput:
    """Positions alone, in the order of forward_position_controller's `joints` parameter.

    Args:
        node: publishes.
        joint_names: the k joints in the controller's order.
    """

    def __init__(self, node: Node, joint_names: Sequence[str]) -> None:
        self._node = node
        self._message = Float64MultiArray()
        self._position = buffer_of(self._message, 'data', len(joint_names))
        self._publisher = node.create_publisher(Float64MultiArray, JOINT_COMMAND, RELIABLE)

    def publish(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64], stamp: int
    ) -> None:
        """Publish one command; velocity and stamp have no place in this message."""
        self._position[:] = position
        self._publisher.publish(self._message)

    def close(self) -> None:
        """Take the publisher away."""
        self._node.destroy_publisher(self._publisher)


COMMAND_TYPES = ('joint_state', 'joint_trajectory', 'float64_multi_array')


def make_output(
    command_type: str, node: Node, joint_names: Sequence[str], period: float
) -> CommandOutput:
    """Return the output for one of COMMAND_TYPES; `period` [s] is the control tick's."""
    if command_type == 'joint_trajectory':
        return JointTrajectoryOutput(node, joint_names, period)
    if command_type == 'float64_multi_array':
        return Float64MultiArrayOutput(node, joint_names)
    return JointStateOutput(node, joint_names)
