"""Real nodes as processes, and the other side of their topics: an arm, a user, an observer."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, TwistStamped
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger

from ik_gd.core.chain import Chain
from ik_gd.core.pose import Pose
from ik_gd.nodes.conversions import write_pose

DESK6 = Path(__file__).parents[2] / 'urdf' / 'desk6.urdf.xacro'
PATIENCE = 20.0  # [s] a loaded machine may take this long for what takes a moment
START_PATIENCE = 170.0  # [s] the first start on a machine compiles
EVERYTHING = QoSProfile(depth=2000)


class NodeProcess:
    """A node of ik_gd in a process of its own, as `ros2 run` would start it.

    Attributes:
        started_at: when, on the monotonic clock [s].
    """

    def __init__(
        self,
        executable: str,
        log: Path,
        parameters: dict[str, Any] | None = None,
        remaps: Sequence[str] = (),
    ) -> None:
        command = [sys.executable, '-m', f'ik_gd.nodes.{executable}', '--ros-args']
        for name, value in (parameters or {}).items():
            command += ['-p', f'{name}:={json.dumps(value)}']
        for remap in remaps:
            command += ['-r', remap]
        self._log = log
        self.started_at = time.monotonic()
        with log.open('w') as sink:
            self.process = subprocess.Popen(
                command, stdout=sink, stderr=subprocess.STDOUT, env=dict(os.environ)
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors='replace')

    def stop(self, number: int = signal.SIGINT, patience: float = PATIENCE) -> int:
        """End the process with a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@dataclass(frozen=True)
class Command:
    """A joint command as it was published, its joints in the chain's order."""

    stamp: float
    position: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True)
class Status:
    """A status, and when it came [s], on the clock of `Bench.now`."""

    level: bytes
    message: str
    values: dict[str, str]
    received: float

    @property
    def state(self) -> str:
        return self.values['state']


class Bench(Node):
    """Plays the arm, the user and the observer of one ik_node.

    The arm is perfect: it is where the last command told it to be, and says so at 100 Hz.

    Attributes:
        q: (n,) where the arm is; set it to move the arm by other means.
        speaks: whether the arm publishes joint states.
        spoke_at: when it last did, on the clock of `now` [s].
        obeys: whether it follows commands.
        distort: makes the published positions out of the true ones.
        joint_state: makes the message out of names and positions.
    """

    def __init__(self, chain: Chain, namespace: str = '', command_type: Any = JointState) -> None:
        super().__init__('bench', namespace=namespace or None)
        self._epoch = self.get_clock().now().to_msg().sec
        self.chain = chain
        self.q = chain.middle.copy()
        self.speaks = self.obeys = True
        self.spoke_at = 0.0
        self.distort: Callable[[np.ndarray], np.ndarray] = lambda q: q
        self.joint_state: Callable[[list[str], list[float]], JointState] = plain_joint_state
        self.commands: list[Command] = []
        self.messages: list[Any] = []
        self.statuses: list[Status] = []
        self.diagnostics: list[Status] = []
        self.target: Callable[[float], Pose] | None = None
        self.target_stamp = lambda: self.get_clock().now().to_msg()
        self._executor_ = SingleThreadedExecutor()
        self._executor_.add_node(self)
        self._states = self.create_publisher(JointState, 'joint_states', 10)
        self.targets = self.create_publisher(PoseStamped, 'target_pose', 10)
        self.twists = self.create_publisher(TwistStamped, 'target_twist', 10)
        self.create_subscription(command_type, 'joint_command', self._on_command, EVERYTHING)
        self.create_subscription(DiagnosticStatus, 'ik_node/status', self._on_status, EVERYTHING)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, EVERYTHING)
        self._pause = self.create_client(SetBool, 'ik_node/pause')
        self._triggers = {
            name: self.create_client(Trigger, f'ik_node/{name}')
            for name in ('home', 'stop', 'clear_fault')
        }
        self._set = self.create_client(
            SetParametersAtomically, 'ik_node/set_parameters_atomically'
        )
        self.create_timer(0.01, self._on_timer)

    # What happens while time passes

    def _on_timer(self) -> None:
        if self.speaks:
            self.speak()
        if self.target is not None:
            self.send(self.target(time.monotonic()))

    def _on_command(self, message: Any) -> None:
        self.messages.append(message)
        if not isinstance(message, JointState):
            return
        order = [message.name.index(name) for name in self.chain.joint_names]
        command = Command(
            self.seconds(message.header.stamp),
            np.array(message.position)[order],
            np.array(message.velocity)[order],
        )
        self.commands.append(command)
        if self.obeys:
            self.q = command.position.copy()

    def seconds(self, stamp: Any) -> float:
        """Return a stamp in seconds since the bench was made: a float is too coarse for more."""
        return (stamp.sec - self._epoch) + 1e-9 * stamp.nanosec

    def now(self) -> float:
        """Return the time in the same seconds."""
        return self.seconds(self.get_clock().now().to_msg())

    def _on_status(self, message: DiagnosticStatus) -> None:
        self.statuses.append(self._status_of(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        own = f'{self.get_namespace()}/ik_node: control tick'.strip('/')
        self.diagnostics += [self._status_of(s) for s in message.status if s.name == own]

    def _status_of(self, message: DiagnosticStatus) -> Status:
        values = {item.key: item.value for item in message.values}
        return Status(message.level, message.message, values, self.now())

    # What a test does

    def speak(self) -> None:
        """Publish the joint states now."""
        positions = self.distort(self.q).tolist()
        message = self.joint_state(list(self.chain.joint_names), positions)
        message.header.stamp = self.get_clock().now().to_msg()
        self.spoke_at = self.now()
        self._states.publish(message)

    def wait_for(self, condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Let time pass until `condition` is true, and return what it returned."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            result = condition()
            if result:
                return result
            self._executor_.spin_once(timeout_sec=0.05)
        last = self.statuses[-1] if self.statuses else None
        raise AssertionError(f'waited {patience:g} s for {what}; the last status is {last}')

    def watch(self, duration: float) -> list[Command]:
        """Let `duration` [s] pass and return the commands that came meanwhile."""
        first = len(self.commands)
        end = time.monotonic() + duration
        while time.monotonic() < end:
            self._executor_.spin_once(timeout_sec=0.01)
        return self.commands[first:]

    def wait_for_state(self, *states: str, patience: float = PATIENCE) -> Status:
        """Wait for a status that is new and has one of `states`."""
        first = len(self.statuses)
        return self.wait_for(
            lambda: next((s for s in self.statuses[first:] if s.state in states), None),
            ' or '.join(states),
            patience,
        )

    def wait_for_node(self) -> None:
        """Wait until the node speaks and every topic has both ends."""
        self.wait_for(lambda: self.statuses, 'the first status of ik_node', START_PATIENCE)
        self.wait_for(
            lambda: all(
                publisher.get_subscription_count()
                for publisher in (self._states, self.targets, self.twists)
            ),
            'the subscriptions of ik_node',
        )
        for client in (self._pause, self._set, *self._triggers.values()):
            self.wait_for(client.service_is_ready, client.srv_name)

    def message_of(self, pose: Pose, frame: str | None = None) -> PoseStamped:
        message = PoseStamped()
        message.header.frame_id = self.chain.base_link if frame is None else frame
        message.header.stamp = self.target_stamp()
        write_pose(pose, message.pose)
        return message

    def send(self, pose: Pose, frame: str | None = None) -> None:
        """Publish a target pose once."""
        self.targets.publish(self.message_of(pose, frame))

    def twist(self, linear: Sequence[float], frame: str | None = None) -> None:
        """Publish a target twist once."""
        message = TwistStamped()
        message.header.frame_id = self.chain.base_link if frame is None else frame
        message.twist.linear.x, message.twist.linear.y, message.twist.linear.z = linear
        self.twists.publish(message)

    def call(self, client: Any, request: Any) -> Any:
        future = client.call_async(request)
        self.wait_for(future.done, client.srv_name)
        return future.result()

    def pause(self, flag: bool) -> None:
        assert self.call(self._pause, SetBool.Request(data=flag)).success

    def ask_to_pause(self, flag: bool) -> None:
        """Call the service, but do not wait for its answer."""
        self._pause.call_async(SetBool.Request(data=flag))

    def ask_to_stop(self) -> None:
        """Likewise."""
        self._triggers['stop'].call_async(Trigger.Request())

    def trigger(self, name: str) -> Any:
        return self.call(self._triggers[name], Trigger.Request())

    def set_parameters(self, **values: Any) -> Any:
        """Set parameters as one set; returns the result with its reason."""
        request = SetParametersAtomically.Request(
            parameters=[
                Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
            ]
        )
        return self.call(self._set, request).result

    def start_afresh(self, q: np.ndarray | None = None) -> None:
        """Bring node and arm to where they are after a start: silent, with the arm at `q`."""
        self.target = None
        self.distort, self.joint_state = (lambda p: p), plain_joint_state
        self.speaks = self.obeys = True
        self.target_stamp = lambda: self.get_clock().now().to_msg()
        self.pause(True)
        self.wait_for_state('PAUSED')
        self.wait_for_silence()
        self.trigger('stop')
        self.q = self.chain.middle.copy() if q is None else np.array(q, dtype=float)
        self.watch(0.05)  # for the arm to say so
        self.pause(False)
        self.wait_for_state('HOLDING')
        self.wait_for(lambda: self.statuses[-1].values['input'] == 'ok', 'no word of bad input')
        self.commands.clear()
        self.statuses.clear()

    def wait_for_silence(self) -> None:
        self.wait_for(lambda: not self.watch(0.1), 'the end of the commands')

    def wait_for_rest(self) -> None:
        self.wait_for(lambda: not self.commands[-1].velocity.any(), 'the arm at rest')

    def tip_of(self, command: Command) -> Pose:
        return self.chain.forward(command.position)

    def wait_for_tip_at(self, target: Pose, tolerance: float = 1e-3) -> None:
        self.wait_for(
            lambda: self.commands and distance(self.tip_of(self.commands[-1]), target) < tolerance,
            f'the tip at {target.position}',
        )


def plain_joint_state(names: list[str], positions: list[float]) -> JointState:
    return JointState(name=names, position=positions)


def latest_tick(commands: Sequence[Command], period: float) -> float:
    """Return by how much the latest of the ticks that gave these commands was late [s].

    On a loaded machine a bound on times can only hold but for this.
    """
    return max(0.0, float(np.diff([c.stamp for c in commands]).max()) - period)


def distance(a: Pose, b: Pose) -> float:
    return float(np.linalg.norm(a.position - b.position))


def angle(a: Pose, b: Pose) -> float:
    return 2.0 * math.acos(min(1.0, abs(float(a.quaternion_xyzw @ b.quaternion_xyzw))))
