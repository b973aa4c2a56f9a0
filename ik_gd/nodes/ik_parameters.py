"""The parameters of ik_node, and the frozen settings that they make together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ik_gd.core.errors import SettingsError
from ik_gd.core.follower import FollowerSettings
from ik_gd.core.follower_settings import PATHS, PerJoint
from ik_gd.nodes.commands import COMMAND_TYPES
from ik_gd.nodes.description import ROBOT_PARAMETERS, RobotSource
from ik_gd.nodes.objectives import OBJECTIVES, ObjectiveSettings
from ik_gd.nodes.parameters import Parameter

_FOLLOWER = (
    Parameter(
        'path',
        'joint',
        'how to go to a target: joint, the straight line in joint space; cartesian, the straight '
        'line of the tip',
        choices=PATHS,
        live=True,
    ),
    Parameter(
        'max_velocity',
        [],
        'joint velocity limits below those of the robot description, one for all or one for '
        'each; empty for the description alone',
        'rad/s or m/s',
        live=True,
        item=float,
        minimum=0.0,
    ),
    Parameter(
        'max_velocity_scale',
        1.0,
        'factor on all joint velocity limits',
        minimum=0.001,
        maximum=1.0,
        live=True,
    ),
    Parameter(
        'max_acceleration',
        [10.0],
        'joint acceleration limits, one for all or one for each',
        'rad/s^2 or m/s^2',
        live=True,
        item=float,
        minimum=0.0,
    ),
    Parameter(
        'max_jerk',
        [],
        'joint jerk limits, one for all or one for each; empty for none',
        'rad/s^3 or m/s^3',
        live=True,
        item=float,
        minimum=0.0,
    ),
    Parameter(
        'position_limit_margin',
        [0.0],
        'how far to stay inside the joint limits, one for all or one for each',
        'rad or m',
        live=True,
        item=float,
        minimum=0.0,
    ),
    Parameter(
        'max_linear_velocity',
        0.5,
        'speed of the tip on a cartesian path and when it is jogged',
        'm/s',
        0.001,
        10.0,
        live=True,
    ),
    Parameter(
        'max_angular_velocity',
        1.5,
        'turning speed of the tip on a cartesian path and when it is jogged',
        'rad/s',
        0.001,
        30.0,
        live=True,
    ),
    Parameter(
        'target_timeout',
        0.0,
        'a target pose older than this stops the arm, judged by when it was received; 0: a '
        'target stays good for ever, as a single goal needs',
        's',
        0.0,
        3600.0,
        live=True,
    ),
    Parameter(
        'twist_timeout',
        0.25,
        'a target twist older than this stops the arm',
        's',
        0.01,
        10.0,
        live=True,
    ),
    Parameter(
        'joint_state_timeout',
        0.2,
        'joint states older than this stop the arm',
        's',
        0.01,
        10.0,
        live=True,
    ),
    Parameter(
        'position_tolerance',
        0.001,
        'distance up to which the target counts as reached',
        'm',
        1e-7,
        1.0,
        live=True,
    ),
    Parameter(
        'rotation_tolerance',
        0.01,
        'angle up to which the target counts as reached',
        'rad',
        1e-7,
        3.2,
        live=True,
    ),
    Parameter(
        'stall_time',
        0.5,
        'how long the descent must be stuck to be called stalled',
        's',
        0.0,
        60.0,
        live=True,
    ),
    Parameter(
        'allow_branch_change',
        False,
        'when stalled, search for another posture that reaches the target and travel there',
        live=True,
    ),
    Parameter(
        'home',
        [],
        'posture of the service ~/home, one value for each joint; empty for the middle of the '
        'ranges',
        'rad or m',
        live=True,
        item=float,
    ),
    Parameter(
        'max_following_error',
        [],
        'distance between commanded and measured joints that is a fault, one for all or one for '
        'each; empty for never',
        'rad or m',
        live=True,
        item=float,
        minimum=0.0,
    ),
    Parameter(
        'following_error_time',
        0.5,
        'how long max_following_error must be exceeded',
        's',
        0.0,
        60.0,
        live=True,
    ),
    Parameter(
        'iterations',
        0,
        "descent iterations a tick at most; 0 for the solver's own number",
        minimum=0,
        maximum=1000,
        live=True,
    ),
)

PARAMETERS = (
    *ROBOT_PARAMETERS,
    Parameter('rate', 100.0, 'control ticks per second', 'Hz', 1.0, 2000.0),
    Parameter(
        'command_type',
        'joint_state',
        'message on joint_command: joint_state for the arms of ik_gd, Isaac Sim and topic-based '
        'hardware; joint_trajectory for joint_trajectory_controller; float64_multi_array for '
        'forward_position_controller',
        choices=COMMAND_TYPES,
    ),
    Parameter(
        'command_joints',
        [],
        "joints of each command, in the controller's order; those that are not of the arm are "
        'held where they were first seen; empty for the joints of the arm',
    ),
    *OBJECTIVES,
    *_FOLLOWER,
    Parameter(
        'tip_pose_rate',
        30.0,
        'how often ~/tip_pose is published while somebody listens',
        'Hz',
        0.1,
        1000.0,
    ),
)


@dataclass(frozen=True)
class IkSettings:
    """Everything that ik_node is told by parameters; see PARAMETERS."""

    robot: RobotSource
    rate: float
    command_type: str
    command_joints: tuple[str, ...]
    objective: ObjectiveSettings
    follower: FollowerSettings
    tip_pose_rate: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> IkSettings:
        """Check the parameters together.

        Raises:
            SettingsError: a joint named twice, or settings that the follower or the objective
                does not take.
        """
        joints = tuple(values['command_joints'])
        twice = sorted({name for name in joints if joints.count(name) > 1})
        if twice:
            raise SettingsError(f'command_joints: named twice: {", ".join(twice)}')
        return cls(
            robot=RobotSource.from_values(values),
            rate=values['rate'],
            command_type=values['command_type'],
            command_joints=joints,
            objective=ObjectiveSettings.from_values(values),
            follower=_follower_settings(values),
            tip_pose_rate=values['tip_pose_rate'],
        )


def _follower_settings(values: Mapping[str, Any]) -> FollowerSettings:
    given = {row.name: values[row.name] for row in _FOLLOWER}
    for name in ('max_velocity', 'max_jerk', 'max_following_error'):
        given[name] = _per_joint(given[name], math.inf)
    for name in ('max_acceleration', 'position_limit_margin'):
        given[name] = _per_joint(given[name], FollowerSettings.__dataclass_fields__[name].default)
    given['home'] = tuple(given['home']) or None
    given['iterations'] = given['iterations'] or None
    return FollowerSettings(rate=values['rate'], **given)


def _per_joint(values: Sequence[float], default: float) -> PerJoint:
    """Return one number for all joints, one for each, or `default` where none is given."""
    if not values:
        return default
    return values[0] if len(values) == 1 else tuple(values)
