"""All that belongs to one robot description: its chain, its follower, its commands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from ik_gd.core.errors import SettingsError
from ik_gd.core.follower import Follower, Tick
from ik_gd.core.follower_settings import FollowerSettings
from ik_gd.core.warm_up import warm_up
from ik_gd.nodes.commands import make_output
from ik_gd.nodes.conversions import JointReader
from ik_gd.nodes.ik_parameters import IkSettings
from ik_gd.nodes.objectives import make_solver

_ANY_ROTATION = 2.0 * np.pi  # [rad]


class FollowedArm:
    """An arm that the node moves; made anew for another robot description.

    Args:
        node: publishes the commands.
        settings: of the node.
        text: the URDF.

    Attributes:
        chain: the arm.
        follower: what moves it.

    Raises:
        UrdfError: the text has no such chain.
        SettingsError: the settings do not suit it.
    """

    def __init__(self, node: Node, settings: IkSettings, text: str) -> None:
        self.chain = settings.robot.chain(text)
        solver = make_solver(self.chain, settings.objective)
        follower_settings = self._suited(settings)
        self.follower = Follower(self.chain, solver, follower_settings)
        names = self.chain.joint_names
        listed = settings.command_joints or names
        forgotten = [name for name in names if name not in listed]
        if forgotten:
            raise SettingsError(
                f'command_joints: {", ".join(forgotten)} of the arm is missing; the arm has '
                f'{", ".join(names)}'
            )
        held = [name for name in listed if name not in names]
        self._reader = JointReader([*names, *held])
        self._columns = np.array([listed.index(name) for name in names])
        self._held_columns = np.array([listed.index(name) for name in held], dtype=np.intp)
        self._position = np.full(len(listed), np.nan)
        self._velocity = np.zeros(len(listed))
        self._has_held = not held
        warm_up(self.chain, solver, follower_settings)
        period = 1.0 / settings.rate
        self._output = make_output(settings.command_type, node, listed, period)

    def take_joint_states(self, message: JointState, now: float) -> bool:
        """Take in a joint state received at `now` [s]; return whether it was about this arm.

        Raises:
            TargetError: more or fewer positions than names.
        """
        position = self._reader.read(message)
        if position is None:
            return False
        n = self.chain.dof
        self.follower.set_joint_states(position[:n], now)
        if not self._has_held:
            unseen = self._held_columns[np.isnan(self._position[self._held_columns])]
            seen = dict(zip(self._held_columns.tolist(), position[n:].tolist(), strict=True))
            self._position[unseen] = [seen[column] for column in unseen.tolist()]
            self._has_held = not np.isnan(self._position[self._held_columns]).any()
        return True

    def tick(self, now: float, stamp: int) -> Tick:
        """Do one control tick at `now` [s] and publish its command, stamped `stamp` [ns]."""
        tick = self.follower.tick(now)
        if tick.command is not None and self._has_held:
            self._position[self._columns] = tick.command
            self._velocity[self._columns] = tick.velocity
            self._output.publish(self._position, self._velocity, stamp)
        return tick

    def check(self, settings: IkSettings) -> None:
        """Raise SettingsError if other settings would not suit this arm."""
        follower_settings = self._suited(settings)
        follower_settings.motion_limits(self.chain)
        follower_settings.home_posture(self.chain)

    def configure(self, settings: IkSettings, now: float) -> None:
        """Take on other settings at `now` [s], after a controlled stop."""
        self.follower.configure(self._suited(settings), now)

    def _suited(self, settings: IkSettings) -> FollowerSettings:
        """Return the follower's settings; where the orientation comes second, any will do."""
        if settings.objective.is_position_first(self.chain):
            return replace(settings.follower, rotation_tolerance=_ANY_ROTATION)
        return settings.follower

    def close(self) -> None:
        """Take the publisher of commands away."""
        self._output.close()
