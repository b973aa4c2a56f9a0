"""Publishes a moving target: a figure, random reachable poses, or a recording."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from ik_gd.core.chain import Chain
from ik_gd.core.compiler_memory import release_compiler
from ik_gd.core.errors import IkGdError, SettingsError
from ik_gd.core.paths import PLANES, SHAPES, Path, RecordedPath, ShapePath, StepPath
from ik_gd.core.placement import place, random_poses
from ik_gd.core.pose import Pose
from ik_gd.nodes.conversions import write_pose
from ik_gd.nodes.description import ROBOT_PARAMETERS, RobotSource, listen_for_description
from ik_gd.nodes.interfaces import RELIABLE, TARGET_POSE
from ik_gd.nodes.objectives import make_solver
from ik_gd.nodes.parameters import Parameter, ParameterSet
from ik_gd.nodes.runner import run
from ik_gd.nodes.tick_clock import TickClock

KINDS = (*SHAPES, 'random', 'recorded')
_AUTOMATIC = 'auto'
_RANDOM_POSES = 1000

PARAMETERS = (
    *ROBOT_PARAMETERS[1:],
    Parameter('shape', 'figure-eight', 'what the target does', choices=KINDS),
    Parameter('rate', 100.0, 'how often the target is published', 'Hz', 1.0, 1000.0),
    Parameter('period', 10.0, 'time of one round of a figure', 's', 0.1, 3600.0),
    Parameter('size', 0.0, "half of the figure's width; 0 for one that fits", 'm', 0.0, 100.0),
    Parameter(
        'plane',
        _AUTOMATIC,
        'axes of the base frame that the figure lies in',
        choices=(_AUTOMATIC, *PLANES),
    ),
    Parameter(
        'centre',
        [],
        'middle of the figure in the base frame: x, y, z [m] and qx, qy, qz, qw; '
        'empty for a place inside the workspace',
        item=float,
    ),
    Parameter('dwell', 3.0, 'how long each random pose is held', 's', 0.01, 3600.0),
    Parameter('random_state', 0, 'start of the random numbers', minimum=0, maximum=2**31),
    Parameter('file', '', 'CSV of a recorded path: t, x, y, z, qx, qy, qz, qw in each row'),
)


@dataclass(frozen=True)
class TargetSettings:
    """What the target does; see PARAMETERS."""

    robot: RobotSource
    shape: str
    rate: float
    period: float
    size: float | None
    plane: str | None
    centre: Pose | None
    dwell: float
    random_state: int
    file: str

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> TargetSettings:
        """Check the parameters together.

        Raises:
            SettingsError: a centre that is not a pose, or a centre without a size.
        """
        if len(values['centre']) not in (0, 7):
            raise SettingsError(f'centre: {values["centre"]} is not x, y, z, qx, qy, qz, qw')
        if values['centre'] and not values['size'] and values['shape'] in SHAPES:
            raise SettingsError('size: a figure with a given centre needs a size above 0')
        return cls(
            robot=RobotSource.from_values({'robot_description': '', **values}),
            shape=values['shape'],
            rate=values['rate'],
            period=values['period'],
            size=values['size'] or None,
            plane=None if values['plane'] == _AUTOMATIC else values['plane'],
            centre=Pose(values['centre'][:3], values['centre'][3:]) if values['centre'] else None,
            dwell=values['dwell'],
            random_state=values['random_state'],
            file=values['file'],
        )


def make_path(settings: TargetSettings, chain: Chain) -> tuple[Path, str]:
    """Return the path of the target and a line that says what it does.

    Raises:
        SettingsError: the figure fits nowhere, or the recording cannot be read.
    """
    rng = np.random.default_rng(settings.random_state)
    if settings.shape == 'recorded':
        return RecordedPath.from_csv(settings.file), f'plays {settings.file}'
    if settings.shape == 'random':
        poses = random_poses(chain, rng, _RANDOM_POSES)
        return StepPath(poses, settings.dwell), f'a random pose every {settings.dwell:g} s'
    centre, size, plane = settings.centre, settings.size, settings.plane
    if centre is None or size is None:
        found = place(
            make_solver(chain), settings.shape, settings.period, rng, settings.size, plane
        )
        centre, size, plane = found.centre, found.size, found.plane
    x, y, z = centre.position
    return ShapePath(settings.shape, centre, size, settings.period, plane or PLANES[-1]), (
        f'{settings.shape}, {2000.0 * size:.0f} mm wide, {settings.period:g} s a round, in the '
        f'{plane or PLANES[-1]} plane around ({x:.3f}, {y:.3f}, {z:.3f}) m'
    )


class TargetNode(Node):
    """Publishes `target_pose` in the arm's base frame.

    The path begins when somebody listens, and at rest.
    """

    def __init__(self) -> None:
        super().__init__('target_node')
        self._settings = ParameterSet(self, PARAMETERS, TargetSettings.from_values).settings
        self._publisher = self.create_publisher(PoseStamped, TARGET_POSE, RELIABLE)
        self._message = PoseStamped()
        self._path: Path | None = None
        self._start: float | None = None
        self._tick_clock = TickClock(self, self._start_again)
        text = self._settings.robot.text()
        if text is not None:
            self._begin(text)
        else:
            listen_for_description(self, self._on_description)

    def _on_description(self, text: str) -> None:
        try:
            self._begin(text)
        except IkGdError as error:
            self.get_logger().error(str(error))

    def _begin(self, text: str) -> None:
        chain = self._settings.robot.chain(text)
        self._message.header.frame_id = chain.base_link
        is_first = self._path is None
        self._path, words = make_path(self._settings, chain)
        release_compiler()
        self._start = None
        self.get_logger().info(words)
        if is_first:
            self._tick_clock.create_timer(1.0 / self._settings.rate, self._on_timer)

    def _start_again(self) -> None:
        self._start = None

    def _on_timer(self) -> None:
        assert self._path is not None
        now = self._tick_clock.now()
        if self._start is None and self._publisher.get_subscription_count():
            self._start = now
        elapsed = 0.0 if self._start is None else now - self._start
        write_pose(self._path.pose(elapsed), self._message.pose)
        stamp = self._message.header.stamp
        stamp.sec, stamp.nanosec = divmod(self._tick_clock.stamp(now), 1_000_000_000)
        self._publisher.publish(self._message)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM."""
    return run(TargetNode, args, can_be_interrupted=True)


if __name__ == '__main__':
    sys.exit(main())
