"""An arm in PyBullet as a ROS 2 node: `python3 -m ik_gd.nodes.simulator_node`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import Trigger

from ik_gd.arms.arm import ArmState
from ik_gd.arms.hobby_servo import HobbyServoSettings
from ik_gd.arms.pybullet_arm import PyBulletArm, PyBulletSettings, Snapshot
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.pose import Pose
from ik_gd.nodes.arm_node import ARM_PARAMETERS, ArmNode
from ik_gd.nodes.interfaces import (
    CLOCK,
    LATCHED,
    NEWEST_ONLY,
    RELIABLE,
    RESET,
    ROBOT_DESCRIPTION,
    TARGET_POSE,
    TIP_POSE,
)
from ik_gd.nodes.parameters import Parameter, ParameterSet
from ik_gd.nodes.runner import run

_CLOCK_RATE = 200.0  # [Hz] finer than control ticks; every reader pays for each message

PARAMETERS = (
    Parameter(
        'robot_description',
        '',
        'URDF or xacro text of the robot; where both this and urdf are empty, the latched topic '
        'robot_description is waited for; meshes are looked for beside a urdf only',
    ),
    Parameter('urdf', '', 'path of a URDF or xacro file, used where robot_description is empty'),
    Parameter('base_link', '', 'link in whose frame the tip is measured; empty for the root link'),
    Parameter('tip_link', '', 'link that is measured on ~/tip_pose; empty for the only leaf link'),
    *ARM_PARAMETERS,
    Parameter('gui', False, 'show the arm and the target in a window'),
    Parameter('physics_rate', 240.0, 'physics steps per second', 'Hz', 60.0, 2000.0),
    Parameter(
        'start_posture',
        [],
        "where joints start, as 'joint=position' [rad or m]; others at 0, or amidst their limits "
        'where 0 is outside them or close to one',
    ),
    Parameter('self_collision', False, 'let links of the arm collide with each other'),
    Parameter('publish_clock', False, 'publish /clock and stamp messages with simulated time'),
    Parameter('servo_model', False, 'give the motors the imperfections of hobby servos'),
    Parameter('servo_delay', 0.02, 'time from a command to the first motion', 's', 0.0, 1.0),
    Parameter('servo_ticks_per_turn', 4096, 'resolution of goals, 0 for none', '', 0, 1 << 20),
    Parameter('servo_dead_band', 0.0015, 'smaller changes are ignored', 'rad', 0.0, 0.5),
    Parameter('servo_max_velocity', 5.2, 'fastest motion', 'rad/s', 0.01, 100.0),
    Parameter('servo_max_acceleration', 60.0, 'hardest start and stop', 'rad/s2', 0.1, 1e4),
    Parameter('servo_backlash', 0.0, 'play between motor and joint, end to end', 'rad', 0.0, 0.5),
)


@dataclass(frozen=True)
class SimulatorSettings:
    """All parameters of the node, checked together; `PARAMETERS` says what they mean."""

    robot_description: str
    urdf: str
    base_link: str | None
    tip_link: str | None
    rate: float
    publish_clock: bool
    simulation: PyBulletSettings


def build_settings(values: Mapping[str, Any]) -> SimulatorSettings:
    """Return the settings in a set of parameter values.

    Raises:
        SettingsError: they do not fit together.
    """
    rate, physics_rate = values['rate'], values['physics_rate']
    if rate > physics_rate:
        raise SettingsError(f'rate: {rate:g} Hz is above physics_rate {physics_rate:g} Hz')
    servo_values = {
        name.removeprefix('servo_'): value
        for name, value in values.items()
        if name.startswith('servo_') and name != 'servo_model'
    }
    return SimulatorSettings(
        robot_description=values['robot_description'],
        urdf=values['urdf'],
        base_link=values['base_link'] or None,
        tip_link=values['tip_link'] or None,
        rate=rate,
        publish_clock=values['publish_clock'],
        simulation=PyBulletSettings(
            gui=values['gui'],
            physics_rate=physics_rate,
            start_posture=_read_posture(values['start_posture']),
            self_collision=values['self_collision'],
            servo=HobbyServoSettings(**servo_values) if values['servo_model'] else None,
        ),
    )


def _read_posture(entries: Sequence[str]) -> dict[str, float]:
    posture = {}
    for entry in entries:
        name, _, position = entry.partition('=')
        try:
            posture[name.strip()] = float(position)
        except ValueError:
            raise SettingsError(
                f"start_posture: {entry!r} is not of the form 'joint=position'"
            ) from None
    return posture


class SimulatorNode(ArmNode):
    """Simulates the arm of the robot description it is given, or waits for one."""

    arm: PyBulletArm | None

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('simulator_node', **node_arguments)
        self._settings = ParameterSet(self, PARAMETERS, build_settings).settings
        self._newest: tuple[ArmState, Time] | None = None
        self._diagnosed_lost_time = 0.0
        if self._settings.robot_description:
            self._open(self._settings.robot_description)
        elif self._settings.urdf:
            self._open(Path(self._settings.urdf))
        else:
            self.get_logger().info(f'waiting for a URDF on {ROBOT_DESCRIPTION}')
            self.create_subscription(String, ROBOT_DESCRIPTION, self.on_robot_description, LATCHED)

    def on_robot_description(self, message: String) -> None:
        """Take the first robot description; a simulated arm does not change its build."""
        if self.arm is None:
            self._open(message.data)
        else:
            self.get_logger().warning('a new robot description needs a restart of the simulator')

    def on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Put the arm back where it started."""
        assert self.arm is not None
        self.forget_commands()
        self.arm.reset()
        response.success, response.message = True, 'in the start posture'
        return response

    def on_target_pose(self, message: PoseStamped) -> None:
        """Show the target, if its frame is the base or the root: the window knows no others."""
        assert self.arm is not None
        frames = (self._base_frame, self.arm.root_link, '')
        if message.header.frame_id not in frames:
            return
        p, q = message.pose.position, message.pose.orientation
        try:
            pose = Pose((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
        except TargetError:
            return  # ik_node says so
        if message.header.frame_id != self.arm.root_link:
            pose = self.arm.tip_pose(self._base_frame) @ pose
        self.arm.move_marker(pose)

    def on_clock(self) -> None:
        """Publish simulated time."""
        assert self.arm is not None
        self._clock_publisher.publish(
            Clock(clock=_time_message(round(self.arm.read().time * 1e9)))
        )

    def hardware_id(self) -> str:
        """Return what `/diagnostics` calls the hardware."""
        return 'pybullet'

    def stamp(self, state: ArmState) -> Time:
        """Return when the physics step that led to `state` was done."""
        assert isinstance(state, Snapshot)
        if self._newest is not None and self._newest[0] is state:
            return self._newest[1]
        if self._settings.publish_clock:
            stamp = _time_message(round(state.time * 1e9))
        else:
            age = round((time.monotonic() - state.measured_at) * 1e9)
            stamp = _time_message(max(self.get_clock().now().nanoseconds - age, 0))
        self._newest = (state, stamp)
        return stamp

    def on_state(self, state: ArmState, stamp: Time) -> None:
        """Publish the tip pose that the simulator itself has measured."""
        assert isinstance(state, Snapshot)
        if state.tip_pose is None:
            return
        message = PoseStamped()
        message.header.stamp, message.header.frame_id = stamp, self._base_frame
        position, orientation = message.pose.position, message.pose.orientation
        position.x, position.y, position.z = state.tip_pose.position.tolist()
        orientation.x, orientation.y, orientation.z, orientation.w = (
            state.tip_pose.quaternion_xyzw.tolist()
        )
        self._tip_publisher.publish(message)

    def diagnose(self) -> list[DiagnosticStatus]:
        """Say whether the simulation keeps up with real time, and what touches what."""
        assert self.arm is not None
        lost = self.arm.lost_time - self._diagnosed_lost_time
        self._diagnosed_lost_time += lost
        contacts = self.arm.contacts()
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=f'{self.get_fully_qualified_name().strip("/")}: physics',
            hardware_id=self.hardware_id(),
            message='in real time',
            values=[
                KeyValue(key='simulated time [s]', value=f'{self.arm.read().time:.3f}'),
                KeyValue(key='time lost in all [s]', value=f'{self.arm.lost_time:.3f}'),
            ],
        )
        if contacts:
            status.level = DiagnosticStatus.WARN
            status.message = 'touching: ' + ', '.join(f'{a} and {b}' for a, b in contacts)
        if lost > 0.0:
            status.level = DiagnosticStatus.WARN
            status.message = f'{lost:.2f} s behind real time since the last report'
        return [status]

    def _open(self, urdf: str | Path) -> None:
        settings = self._settings
        arm = PyBulletArm(urdf, settings.simulation, settings.tip_link, settings.base_link)
        for warning in arm.warnings:
            self.get_logger().warning(warning)
        self._base_frame = settings.base_link or arm.root_link
        if arm.read().tip_pose is not None:
            self._tip_publisher = self.create_publisher(PoseStamped, TIP_POSE, RELIABLE)
        self.attach(arm, settings.rate)
        self.create_service(Trigger, RESET, self.on_reset)
        if settings.simulation.gui:
            self.create_subscription(PoseStamped, TARGET_POSE, self.on_target_pose, NEWEST_ONLY)
        if settings.publish_clock:
            self._clock_publisher = self.create_publisher(Clock, CLOCK, NEWEST_ONLY)
            self.create_timer(1.0 / _CLOCK_RATE, self.on_clock, clock=self._steady_clock)
        self.get_logger().info(
            f'simulating {len(arm.joint_names)} joints: {", ".join(arm.joint_names)}'
        )


def _time_message(nanoseconds: int) -> Time:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return Time(sec=seconds, nanosec=rest)


def main(args: list[str] | None = None) -> int:
    """Run the node until a signal."""
    return run(SimulatorNode, args)


if __name__ == '__main__':
    sys.exit(main())
