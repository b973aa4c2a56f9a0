"""Moves an arm: target poses and joint states in, a joint command out each control tick."""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger

from ik_gd.core.compiler_memory import release_compiler
from ik_gd.core.errors import IkGdError, TargetError
from ik_gd.core.follower import Follower, Tick
from ik_gd.core.pose import Pose
from ik_gd.nodes import interfaces
from ik_gd.nodes.arrival_times import ArrivalTimes
from ik_gd.nodes.conversions import pose_from_message, twist_from_message, write_pose
from ik_gd.nodes.description import listen_for_description
from ik_gd.nodes.followed_arm import FollowedArm
from ik_gd.nodes.frames import make_frames, pose_in_base
from ik_gd.nodes.ik_parameters import PARAMETERS, IkSettings
from ik_gd.nodes.parameters import ParameterSet
from ik_gd.nodes.reports import DiagnosticsPublisher, Health, StatusPublisher
from ik_gd.nodes.runner import run
from ik_gd.nodes.seldom_group import SeldomGroup
from ik_gd.nodes.tick_clock import TickClock
from ik_gd.nodes.tick_times import TickTimes

Action = Callable[[Follower, float], None]

_DIAGNOSTICS_PERIOD = 1.0  # [s], REP-107
_LOG_PERIOD = 5.0  # [s] between two log lines of one kind
_COMPILING = 4.0  # [s]: whoever loads the kernels for so long is compiling them
_EXIT_TIME = 1.5  # [s] for the controlled stop at the end


class IkNode(Node):
    """The node; what it subscribes to, publishes and offers is in docs/parameters.md."""

    def __init__(self) -> None:
        self._seldom = SeldomGroup()
        super().__init__('ik_node')
        self._prompt = MutuallyExclusiveCallbackGroup()
        self._arm: FollowedArm | None = None
        self._loaded_text = self._new_text = ''
        self._options = ParameterSet(self, PARAMETERS, self._checked_settings)
        self._settings = self._options.settings
        self._options.on_change = self.on_parameters
        self._tick_clock = TickClock(self, self.on_jump_back)
        self._status = StatusPublisher(self)
        self._diagnostics = DiagnosticsPublisher(self)
        self._ticks = TickTimes(1.0 / self._settings.rate)
        self._ages = {interfaces.TARGET_POSE: -math.inf, interfaces.JOINT_STATES: -math.inf}
        self._arrivals = ArrivalTimes()
        self._tip_message = PoseStamped()
        self._tip_due = -math.inf
        self._frames = make_frames(self)
        text = self._settings.robot.text()
        if text is not None:
            self._load(text)
        else:
            self.get_logger().info('waiting for the topic robot_description')
            listen_for_description(self, self.on_description)
        self._connect()
        gc.collect()
        gc.freeze()  # what lives as long as the node is never looked through again

    @property
    def default_callback_group(self) -> CallbackGroup:
        """The group of what names none: the parameter services, the description, diagnostics."""
        return self._seldom

    def _connect(self) -> None:
        """Open the topics and services, and start to tick."""
        newest, reliable = interfaces.NEWEST_ONLY, interfaces.RELIABLE
        self._tip_publisher = self.create_publisher(PoseStamped, interfaces.TIP_POSE, reliable)
        self._inputs = [
            self._subscribe(PoseStamped, interfaces.TARGET_POSE, self.on_target, newest),
            self._subscribe(TwistStamped, interfaces.TARGET_TWIST, self.on_twist, newest),
        ]
        measured = interfaces.JOINT_STATES, self.on_joint_states, interfaces.BEST_EFFORT
        self._subscribe(JointState, *measured)
        self.create_service(SetBool, interfaces.PAUSE, self.on_pause, callback_group=self._prompt)
        self._offer(interfaces.HOME, 'going home', Follower.home)
        self._offer(interfaces.STOP, 'stopping', Follower.stop)
        self._offer(interfaces.CLEAR_FAULT, 'cleared', Follower.clear_fault)
        self._tick_clock.create_timer(1.0 / self._settings.rate, self.on_tick, self._prompt)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_DIAGNOSTICS_PERIOD, self.on_diagnostics, clock=steady)

    def _subscribe(
        self, kind: Any, topic: str, callback: Callable[[Any], None], qos: QoSProfile
    ) -> Subscription:
        return self.create_subscription(kind, topic, callback, qos, callback_group=self._prompt)

    # Inputs

    def on_target(self, message: PoseStamped) -> None:
        """Take a new target pose."""
        now = self._tick_clock.now()
        if self._arm is None:
            return
        base = self._arm.chain.base_link
        try:
            pose = pose_from_message(message.pose)
            pose = pose_in_base(pose, message.header.frame_id, base, self._frames)
        except TargetError as error:
            self._reject(interfaces.TARGET_POSE, error, now)
            return
        self._ages[interfaces.TARGET_POSE] = now
        stamp = message.header.stamp
        self._arm.follower.set_target(
            pose, self._arrivals.time_of(stamp.sec + 1e-9 * stamp.nanosec, now)
        )

    def on_twist(self, message: TwistStamped) -> None:
        """Take a new velocity of the tip."""
        now = self._tick_clock.now()
        if self._arm is None:
            return
        chain, frame = self._arm.chain, message.header.frame_id
        try:
            linear, angular = twist_from_message(message.twist)
            if frame not in (chain.base_link, chain.tip_link):
                R = pose_in_base(Pose.identity(), frame, chain.base_link, self._frames).matrix
                linear, angular = R[:3, :3] @ linear, R[:3, :3] @ angular
            axes = 'tip' if frame == chain.tip_link else 'base'
            self._arm.follower.set_twist(linear, angular, now, axes)
        except TargetError as error:
            self._reject(interfaces.TARGET_TWIST, error, now)
            return
        self._ages[interfaces.TARGET_TWIST] = now

    def on_joint_states(self, message: JointState) -> None:
        """Take in where the joints are."""
        now = self._tick_clock.now()
        try:
            if self._arm is not None and self._arm.take_joint_states(message, now):
                self._ages[interfaces.JOINT_STATES] = now
        except TargetError as error:
            self._reject(interfaces.JOINT_STATES, error, now)

    def on_description(self, text: str) -> None:
        """Take another robot description, after a controlled stop."""
        if text == self._loaded_text:
            return
        try:
            self._settings.robot.chain(text)
        except IkGdError as error:
            self._reject(interfaces.ROBOT_DESCRIPTION, error, self._tick_clock.now())
        else:
            self._new_text = text

    def on_parameters(self, settings: IkSettings) -> None:
        """Take on changed parameters, after a controlled stop where they need one."""
        has_other_robot = settings.robot != self._settings.robot
        self._settings = settings
        if has_other_robot:
            self._new_text = settings.robot.text() or ''
        elif self._arm is not None:
            self._arm.configure(settings, self._tick_clock.now())

    def on_jump_back(self) -> None:
        """Start again from the measured joints: simulated time was set back."""
        if self._arm is not None:
            self._arm.follower.reset()

    # Services

    def on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Stop and fall silent, or go on from where the joints then are."""
        words = 'paused' if request.data else 'going on'
        return self._answer(response, words, lambda f, now: f.pause(request.data, now))

    def _offer(self, name: str, words: str, action: Action) -> None:
        """Offer a Trigger service that does something with the follower."""
        self.create_service(
            Trigger,
            name,
            lambda _, reply: self._answer(reply, words, action),
            callback_group=self._prompt,
        )

    def _answer(self, response: Any, words: str, action: Action) -> Any:
        """Do what a service asks for, and say so."""
        response.success = self._arm is not None
        response.message = 'there is no robot description yet'
        if self._arm is not None:
            action(self._arm.follower, self._tick_clock.now())
            response.message = words
        return response

    # Outputs

    def on_tick(self) -> None:
        """Do one control tick."""
        begin = time.monotonic()
        now = self._tick_clock.now()
        tick = None
        if self._arm is None:
            self._status.wait('there is no robot description yet', now)
        else:
            tick = self._arm.tick(now, self._tick_clock.stamp(now))
            self._status.after(tick, now)
            if now >= self._tip_due or now < self._tip_due - 1.0:
                self._publish_tip(tick, now)
        if self._new_text:
            self._change_robot(now, tick)
        if not self._tick_clock.is_simulated:  # else the clock itself is among what can wait
            self._seldom.on_tick(self._settings.rate)
        self._ticks.add(begin, time.monotonic())

    def on_diagnostics(self) -> None:
        """Publish how the node is."""
        now = self._tick_clock.now()
        warnings = [
            f'{count} publishers on {topic.topic_name}'
            for topic in self._inputs
            if (count := self.count_publishers(topic.topic_name)) > 1
        ]
        ages = {name: now - received for name, received in self._ages.items()}
        health = Health(self._settings.rate, ages, tuple(warnings))
        self._diagnostics.publish(self._ticks.report(time.monotonic()), health)

    def on_exit(self) -> None:
        """Bring the arm to rest; the last command is one to hold."""
        if self._arm is None:
            return
        period = 1.0 / self._settings.rate
        now = self._tick_clock.now()
        self._arm.follower.stop(now)
        for _ in range(int(_EXIT_TIME / period)):
            now += period
            tick = self._arm.tick(now, self._tick_clock.stamp(now))
            if tick.command is None or not tick.velocity.any():
                return
            time.sleep(period)

    def _publish_tip(self, tick: Tick, now: float) -> None:
        self._tip_due = now + 1.0 / self._settings.tip_pose_rate
        if tick.command is None or not self._tip_publisher.get_subscription_count():
            return
        assert self._arm is not None
        write_pose(self._arm.chain.forward(tick.command), self._tip_message.pose)
        header = self._tip_message.header
        header.frame_id = self._arm.chain.base_link
        header.stamp.sec, header.stamp.nanosec = divmod(self._tick_clock.stamp(now), 1_000_000_000)
        self._tip_publisher.publish(self._tip_message)

    # Robot descriptions and parameters

    def _checked_settings(self, values: Mapping[str, Any]) -> IkSettings:
        """Return the settings that parameters make, if they suit each other and the arm."""
        settings = IkSettings.from_values(values)
        if self._arm is not None:
            text = settings.robot.text()
            if settings.robot != self._settings.robot and text is not None:
                settings.robot.chain(text)
            else:
                self._arm.check(settings)
        return settings

    def _load(self, text: str) -> None:
        """Follow with the arm in the URDF `text` from now on.

        Raises:
            IkGdError: it has no such arm, or the settings do not suit it; the old one stays.
        """
        note = threading.Timer(
            _COMPILING,
            self.get_logger().info,
            ('compiling the kernels; only the first start after an installation takes so long',),
        )
        note.start()
        try:
            arm = FollowedArm(self, self._settings, text)
        finally:
            note.cancel()
            release_compiler()
        if self._arm is not None:
            self._arm.close()
        self._arm, self._loaded_text = arm, text
        name = f'{arm.chain.base_link} -> {arm.chain.tip_link}'
        self._status.hardware_id = self._diagnostics.hardware_id = name
        self.get_logger().info(f'{name}, {arm.chain.dof} joints, {self._settings.rate:g} Hz')

    def _change_robot(self, now: float, tick: Tick | None) -> None:
        """Load the new robot description as soon as the arm is at rest."""
        if self._arm is not None and tick is not None and tick.velocity.any():
            self._arm.follower.stop(now)
            return
        text, self._new_text = self._new_text, ''
        try:
            self._load(text)
        except IkGdError as error:
            self._reject(interfaces.ROBOT_DESCRIPTION, error, now)

    def _reject(self, topic: str, error: IkGdError, now: float) -> None:
        """Tell that an input was not used."""
        reason = f'{topic}: {error}'
        self._status.reject(reason, now)
        self.get_logger().warning(f'rejected {reason}', throttle_duration_sec=_LOG_PERIOD)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM."""
    # numba loads scipy's linear algebra where there is one: 15 MB, and our kernels use none.
    sys.modules.setdefault('scipy.linalg', None)  # type: ignore[arg-type]
    return run(IkNode, args, can_be_interrupted=True)


if __name__ == '__main__':
    sys.exit(main())
