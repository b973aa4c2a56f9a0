"""Where the frames of incoming messages are, seen from the arm's base."""

from __future__ import annotations

from typing import Protocol

from rclpy.node import Node
from rclpy.time import Time

from ik_gd.core.errors import TargetError
from ik_gd.core.pose import Pose


class Frames(Protocol):
    """Finds frames; never waits."""

    def place(self, frame: str, base: str) -> Pose:
        """Return the newest pose of `frame` in the frame `base`.

        Raises:
            TargetError: it is not known.
        """
        ...


class BaseOnly:
    """All there is without tf2_ros: no frame but the base is known."""

    def place(self, frame: str, base: str) -> Pose:
        """Raise TargetError: only messages in the base frame can be used."""
        raise TargetError(
            f'frame {frame!r} needs TF, and tf2_ros is not installed; give targets in {base!r}'
        )


class TfFrames:
    """Looks frames up in a tf2 buffer, which a listener on `node` fills.

    Raises:
        ImportError: tf2_ros is not installed.
    """

    def __init__(self, node: Node) -> None:
        from tf2_ros import Buffer, TransformListener

        self._buffer = Buffer(node=node)
        self._listener = TransformListener(self._buffer, node)

    def place(self, frame: str, base: str) -> Pose:
        """Return the newest pose of `frame` in `base` that TF has, at once."""
        from tf2_ros import TransformException

        try:
            transform = self._buffer.lookup_transform(base, frame, Time()).transform
        except TransformException as error:
            raise TargetError(f'no transform from {frame!r} to {base!r}: {error}') from error
        p, q = transform.translation, transform.rotation
        return Pose((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def make_frames(node: Node) -> Frames:
    """Return TF where tf2_ros is installed, else only the base frame, and log which."""
    try:
        return TfFrames(node)
    except ImportError as error:
        node.get_logger().info(
            f'targets are taken in the base frame only: TF is not available ({error})'
        )
        return BaseOnly()


def pose_in_base(pose: Pose, frame: str, base: str, frames: Frames) -> Pose:
    """Return a pose given in `frame` in the frame `base`.

    Raises:
        TargetError: `frame` is empty, or its place is not known.
    """
    if frame == base:
        return pose
    if not frame:
        raise TargetError(f'the frame is empty; give {base!r} or a frame that TF knows')
    return frames.place(frame, base) @ pose
