"""The eyes of `ik_gd sim` and `ik_gd arm`: listens to the nodes and fills a record."""

from __future__ import annotations

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState

from ik_gd.cli.record import Record
from ik_gd.core.chain import Chain
from ik_gd.nodes.interfaces import (
    BEST_EFFORT,
    DIAGNOSTICS,
    JOINT_COMMAND,
    JOINT_STATES,
    RELIABLE,
    STATUS,
    TARGET_POSE,
    TIP_POSE,
)
from ik_gd.nodes.reports import TICK_P50, TICK_P99


class Monitor(Node):
    """Watches one arm.

    Args:
        record: what is seen goes in here.
        arm_node: the node that knows where the tip really is; None: it is reckoned from the joint
            states, as far as the joints' own sensors tell.
        chain: the arm.
        namespace: of the nodes.

    Attributes:
        state: ik_node's newest word on itself, empty before the first.
    """

    def __init__(
        self, record: Record, arm_node: str | None, chain: Chain, namespace: str = ''
    ) -> None:
        super().__init__('ik_gd_monitor', namespace=namespace or None, use_global_arguments=False)
        self.state = ''
        self._record = record
        self._chain = chain
        status = STATUS.replace('~', 'ik_node')
        self.create_subscription(JointState, JOINT_COMMAND, self._on_command, RELIABLE)
        self.create_subscription(PoseStamped, TARGET_POSE, self._on_target, RELIABLE)
        if arm_node is None:
            self.create_subscription(JointState, JOINT_STATES, self._on_joint_states, BEST_EFFORT)
        else:
            tip = TIP_POSE.replace('~', arm_node)
            self.create_subscription(PoseStamped, tip, self._on_tip, RELIABLE)
        self.create_subscription(DiagnosticStatus, status, self._on_status, RELIABLE)
        self.create_subscription(DiagnosticArray, DIAGNOSTICS, self._on_diagnostics, RELIABLE)

    def _on_command(self, message: JointState) -> None:
        self._record.add_command(_seconds(message.header), message.name, message.position)

    def _on_target(self, message: PoseStamped) -> None:
        self._record.add_target(_seconds(message.header), _position(message))

    def _on_tip(self, message: PoseStamped) -> None:
        self._record.add_tip(_seconds(message.header), _position(message))

    def _on_joint_states(self, message: JointState) -> None:
        of_name = dict(zip(message.name, message.position, strict=False))
        q = np.array([of_name.get(name, np.nan) for name in self._chain.joint_names])
        if np.isfinite(q).all():
            tip = self._chain.forward(q).position
            self._record.add_tip(_seconds(message.header), tip)

    def _on_status(self, message: DiagnosticStatus) -> None:
        self.state = message.message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            if TICK_P50 in values:
                self._record.add_tick_times(float(values[TICK_P50]), float(values[TICK_P99]))


def _seconds(header: object) -> float:
    stamp = header.stamp  # type: ignore[attr-defined]
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def _position(message: PoseStamped) -> tuple[float, float, float]:
    p = message.pose.position
    return p.x, p.y, p.z
