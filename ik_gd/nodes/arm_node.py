"""The ROS side of any arm: commands and trajectories in, joint states and diagnostics out."""

from __future__ import annotations

import array
import time
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ik_gd.arms.arm import Arm, ArmState
from ik_gd.core.errors import CommandError
from ik_gd.core.trajectory import TrajectoryPlayer
from ik_gd.nodes.interfaces import (
    DIAGNOSTICS,
    JOINT_COMMAND,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    RELIABLE,
)
from ik_gd.nodes.joint_messages import JointMessageReader
from ik_gd.nodes.parameters import Parameter
from ik_gd.nodes.tick_loop import TickGroup

ARM_PARAMETERS = (
    Parameter('rate', 100.0, 'joint states published per second', 'Hz', 1.0, 1000.0),
)

_DIAGNOSTICS_PERIOD = 1.0  # [s], as REP-107 has it
_LOG_PERIOD = 5.0  # [s] between two log lines of one kind


class ArmNode(Node):
    """A node that carries one arm.

    A subclass declares its parameters (`ARM_PARAMETERS` among them), opens its arm, and hands it
    to `attach`; until then the node has no topics. It adds services of its own, and overrides
    `hardware_id`, `diagnose`, `stamp` and `on_state` where it has more to say.

    All timers run on the steady clock: an arm is driven in real time, whatever `/clock` does.

    Attributes:
        arm: None until `attach`.
        tick_group: the commands and the tick, for who runs these without the executor.
    """

    def __init__(self, name: str, **node_arguments: Any) -> None:
        super().__init__(name, **node_arguments)
        self.arm: Arm | None = None
        self.tick_group = TickGroup()
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._last_stamp = (0, 0)
        self._states_sent = self._commands_taken = self._commands_rejected = 0
        self._newest_rejection = ''

    def attach(self, arm: Arm, rate: float) -> None:
        """Start to serve `arm`, with `rate` [Hz] joint states a second."""
        self.arm = arm
        n = len(arm.joint_names)
        self._reader = JointMessageReader(arm.joint_names)
        self._player = TrajectoryPlayer(n)
        self._goal = np.full(n, np.nan)  # what was commanded last, and how fast it moved
        self._goal_velocity = np.zeros(n)
        self._rate = rate
        self._diagnosed_at = time.monotonic()
        self._state_message = JointState(name=list(arm.joint_names))
        self._state_publisher = self.create_publisher(JointState, JOINT_STATES, RELIABLE)
        self._diagnostics_publisher = self.create_publisher(DiagnosticArray, DIAGNOSTICS, RELIABLE)
        for kind, topic, callback in (
            (JointState, JOINT_COMMAND, self.on_joint_command),
            (JointTrajectory, JOINT_TRAJECTORY, self.on_joint_trajectory),
        ):
            self.create_subscription(
                kind, topic, callback, RELIABLE, callback_group=self.tick_group
            )
        self.create_timer(1.0 / rate, self.on_tick, self.tick_group, clock=self._steady_clock)
        self.create_timer(_DIAGNOSTICS_PERIOD, self.on_diagnostics, clock=self._steady_clock)

    # What a subclass may override

    def hardware_id(self) -> str:
        """Return what `/diagnostics` calls the hardware: a port, for example."""
        return self.get_name()

    def diagnose(self) -> list[DiagnosticStatus]:
        """Return more statuses for `/diagnostics`, called once a second."""
        return []

    def stamp(self, state: ArmState) -> Time:
        """Return the time at which `state` was measured, on the clock that messages carry."""
        return self.get_clock().now().to_msg()

    def on_state(self, state: ArmState, stamp: Time) -> None:
        """Do more with each state that is published."""

    def on_exit(self) -> None:
        """Let go of the arm; the runner calls this while ROS still works."""
        if self.arm is not None:
            self.arm.close()

    def forget_commands(self) -> None:
        """Drop trajectories and the last goal, after a reset or a loss of torque."""
        self._player.stop()
        self._goal[:] = np.nan
        self._goal_velocity[:] = 0.0

    # Callbacks

    def on_joint_command(self, message: JointState) -> None:
        """Carry out a joint command at once; it takes its joints from any trajectory."""
        try:
            command = self._reader.read_command(message)
        except CommandError as error:
            self._reject(JOINT_COMMAND, error)
            return
        self._warn_of_unknown_names()
        if command.joints.size:
            self._player.release(command.joints)
            self._write(command.position, command.velocity)
            self._commands_taken += 1

    def on_joint_trajectory(self, message: JointTrajectory) -> None:
        """Start to follow a trajectory from where the joints are told to be now."""
        try:
            found = self._reader.read_trajectory(message)
            self._warn_of_unknown_names()
            if found is None:
                return
            trajectory, joints = found
            delay = self._delay_until(message.header.stamp)
            if delay < -trajectory.duration:
                late = -delay - trajectory.duration
                raise CommandError(f'the trajectory ended {late:.3f} s ago')
            position, velocity = self._present_goal()
            if np.isnan(position[joints]).any():
                raise CommandError('a joint of it does not tell where it is')
        except CommandError as error:
            self._reject(JOINT_TRAJECTORY, error)
            return
        trajectory = trajectory.starting_at(position[joints], velocity[joints])
        self._player.play(trajectory, joints, time.monotonic() + delay)
        self._commands_taken += 1

    def on_tick(self) -> None:
        """Move along the trajectories, then publish the newest state."""
        assert self.arm is not None
        if self._player.active:
            self._write(*self._player.sample(time.monotonic()))
        state = self.arm.read()
        stamp = self._increasing(self.stamp(state))
        if stamp is None:
            return
        message = self._state_message
        message.header.stamp = stamp
        # array.array passes the message's type check as a whole, a list number by number.
        message.position = array.array('d', state.position.tobytes())
        message.velocity = array.array('d', state.velocity.tobytes())
        message.effort = array.array('d', state.effort.tobytes())
        self._state_publisher.publish(message)
        self._states_sent += 1
        self.on_state(state, stamp)

    def on_diagnostics(self) -> None:
        """Publish what the node and the arm are up to."""
        now = time.monotonic()
        rate = self._states_sent / (now - self._diagnosed_at)
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=f'{self.get_fully_qualified_name().strip("/")}: joints',
            hardware_id=self.hardware_id(),
            message='running',
            values=[
                KeyValue(key='joint state rate [Hz]', value=f'{rate:.1f}'),
                KeyValue(key='commands taken', value=str(self._commands_taken)),
                KeyValue(key='commands rejected', value=str(self._commands_rejected)),
            ],
        )
        if self._newest_rejection:
            status.level, status.message = DiagnosticStatus.WARN, self._newest_rejection
        elif rate < 0.9 * self._rate:
            status.level = DiagnosticStatus.WARN
            status.message = f'{rate:.1f} of {self._rate:g} joint states a second'
        array_message = DiagnosticArray(status=[status, *self.diagnose()])
        array_message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics_publisher.publish(array_message)
        self._diagnosed_at, self._states_sent = now, 0
        self._commands_taken = self._commands_rejected = 0
        self._newest_rejection = ''

    # Helpers

    def _write(self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None) -> None:
        assert self.arm is not None
        given = ~np.isnan(position)
        self._goal[given] = position[given]
        self._goal_velocity[given] = 0.0
        if velocity is not None:
            told = given & ~np.isnan(velocity)
            self._goal_velocity[told] = velocity[told]
        self.arm.write(position, velocity)

    def _present_goal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last goal and its velocity; where there is none, the measured position."""
        assert self.arm is not None
        unset = np.isnan(self._goal)
        if not unset.any():
            return self._goal, self._goal_velocity
        return np.where(unset, self.arm.read().position, self._goal), self._goal_velocity

    def _delay_until(self, stamp: Time) -> float:
        """Return how long it is until `stamp` [s]; a stamp of 0 means now."""
        if stamp.sec == 0 and stamp.nanosec == 0:
            return 0.0
        now = self.get_clock().now().nanoseconds
        return stamp.sec + 1e-9 * stamp.nanosec - 1e-9 * now

    def _increasing(self, stamp: Time) -> Time | None:
        """Return `stamp`, or None if it is not after the last one (time stands still)."""
        newest = (stamp.sec, stamp.nanosec)
        if newest == self._last_stamp:
            return None
        # A clock set back, as by a restarted simulation, is followed: its readers were reset too.
        self._last_stamp = newest
        return stamp

    def _reject(self, topic: str, error: CommandError) -> None:
        self._commands_rejected += 1
        self._newest_rejection = f'{topic} rejected: {error}'
        self.get_logger().warning(self._newest_rejection, throttle_duration_sec=_LOG_PERIOD)

    def _warn_of_unknown_names(self) -> None:
        """Name the joints that this arm does not have, each once."""
        names = self._reader.take_unknown()
        if names:
            assert self.arm is not None
            self.get_logger().warning(
                f'ignoring joints {", ".join(names)}; this arm has'
                f' {", ".join(self.arm.joint_names)}'
            )
