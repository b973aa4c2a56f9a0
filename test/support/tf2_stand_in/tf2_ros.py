"""The part of tf2_ros that ik_gd and its tests use, for machines where tf2_ros is not installed.

It follows docs.ros.org/en/jazzy/p/tf2_ros_py: names, arguments and what they return or raise. It
knows static transforms only, and tf2_msgs, missing too, is not used: each transform is a latched
message of its own. The arithmetic is transforms3d's, on matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from transforms3d.quaternions import mat2quat, quat2mat

_TOPIC = '/tf_static_stand_in'
_LATCHED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class TransformException(Exception):  # noqa: N818
    """A transform is not known."""


class LookupException(TransformException):
    """A frame is not known."""


class Buffer:
    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        self._parents: dict[str, tuple[str, np.ndarray]] = {}

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        p, q = transform.transform.translation, transform.transform.rotation
        matrix = np.eye(4)
        matrix[:3, :3] = quat2mat((q.w, q.x, q.y, q.z))
        matrix[:3, 3] = p.x, p.y, p.z
        self._parents[transform.child_frame_id] = (transform.header.frame_id, matrix)

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration | None = None
    ) -> TransformStamped:
        """Return what takes data in `source_frame` to `target_frame`."""
        target_root, target = self._seen_from_root(target_frame)
        source_root, source = self._seen_from_root(source_frame)
        if target_root != source_root:
            raise LookupException(f'{source_frame!r} and {target_frame!r} are not connected')
        matrix = np.linalg.inv(target) @ source
        found = TransformStamped(child_frame_id=source_frame)
        found.header.frame_id = target_frame
        p, q = found.transform.translation, found.transform.rotation
        p.x, p.y, p.z = matrix[:3, 3].tolist()
        q.w, q.x, q.y, q.z = mat2quat(matrix[:3, :3]).tolist()
        return found

    def _seen_from_root(self, frame: str) -> tuple[str, np.ndarray]:
        matrix = np.eye(4)
        while frame in self._parents:
            frame, placed = self._parents[frame]
            matrix = placed @ matrix
        return frame, matrix


class TransformListener:
    def __init__(self, buffer: Buffer, node: Node, **options: Any) -> None:
        node.create_subscription(
            TransformStamped,
            _TOPIC,
            lambda message: buffer.set_transform_static(message, 'listener'),
            _LATCHED,
        )


class StaticTransformBroadcaster:
    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TransformStamped, _TOPIC, _LATCHED)

    def sendTransform(self, transform: list[TransformStamped]) -> None:  # noqa: N802
        for one in transform:
            self._publisher.publish(one)
