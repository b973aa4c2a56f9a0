"""An arm in PyBullet. Only this file and the window's process import pybullet."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ik_gd.arms.arm import ArmState
from ik_gd.arms.bullet_body import BulletBody
from ik_gd.arms.bullet_urdf import BulletUrdf, prepare_urdf
from ik_gd.arms.bullet_window import BulletWindow
from ik_gd.arms.hobby_servo import HobbyServo, HobbyServoSettings
from ik_gd.arms.motor_goal import MotorGoal
from ik_gd.arms.native_output import native_output_caught
from ik_gd.arms.real_time_loop import RealTimeLoop
from ik_gd.core.errors import ArmError, SettingsError
from ik_gd.core.pose import Pose
from ik_gd.core.urdf import load_urdf_text

with native_output_caught():  # it greets with its build time
    import pybullet


@dataclass(frozen=True)
class PyBulletSettings:
    """How an arm is simulated.

    Attributes:
        gui: open a window.
        physics_rate: steps a second [Hz].
        real_time: step in a thread of its own at the pace of real time; if not, `step` does it.
        start_posture: positions of joints by name [rad or m]; other joints start at 0, or amidst
            their limits where 0 is outside them or close to one.
        position_gain: the part of a joint's position error that each step takes away, 0..1.
        self_collision: let links collide, other than neighbours and those that touch at the start.
            Off, as the inverse kinematics knows nothing of it and Bullet collides the convex hulls
            of meshes: arms would stop in postures that their real likes reach.
        gravity: along z [m/s2].
        servo: a hobby servo's imperfections between command and motor; None: an ideal motor.
    """

    gui: bool = False
    physics_rate: float = 240.0
    real_time: bool = True
    start_posture: Mapping[str, float] = field(default_factory=dict)
    position_gain: float = 0.3
    self_collision: bool = False
    gravity: float = -9.81
    servo: HobbyServoSettings | None = None

    def __post_init__(self) -> None:
        if not 60.0 <= self.physics_rate <= 2000.0:
            raise SettingsError(f'physics_rate: {self.physics_rate:g} Hz is not in 60..2000 Hz')
        if not 0.0 < self.position_gain <= 1.0:
            raise SettingsError(f'position_gain: {self.position_gain:g} is not in 0..1')
        if not math.isfinite(self.gravity):
            raise SettingsError(f'gravity: {self.gravity!r} is not a number')


@dataclass(frozen=True, eq=False)
class Snapshot(ArmState):
    """The arm after one physics step; `time` is simulated time.

    Attributes:
        measured_at: when it was so, on the monotonic clock [s].
        tip_pose: of the tip link in the base link's frame; None where there is no tip link.
    """

    measured_at: float
    tip_pose: Pose | None


class PyBulletArm:
    """Simulates the arm of a URDF.

    Args:
        urdf: path or text of a URDF or xacro file.
        settings: how.
        tip_link: a link whose pose is measured after each step; None for the only leaf, or for
            none at all where there are several.
        base_link: the link in whose frame it is measured; None for the root.

    Attributes:
        warnings: what had to be left out of the URDF, a line each.
        root_link: the link that stands on the ground.

    Raises:
        UrdfError: the URDF cannot be used.
        SettingsError: a start posture with an unknown joint, or out of limits.
        ArmError: no display, no such link, or PyBullet refuses the URDF.
    """

    _snapshot: Snapshot  # the newest; swapped as a whole, so readers need no lock

    def __init__(
        self,
        urdf: str | Path,
        settings: PyBulletSettings | None = None,
        tip_link: str | None = None,
        base_link: str | None = None,
    ) -> None:
        self.settings = settings or PyBulletSettings()
        description = prepare_urdf(*load_urdf_text(urdf))
        if not description.joints:
            raise ArmError(f'{description.name!r} has no joint that moves')
        self.warnings = description.warnings
        self._joint_names = tuple(joint.name for joint in description.joints)
        self._limits = np.array([(joint.lower, joint.upper) for joint in description.joints]).T
        self._start = start_posture(description, self.settings.start_posture)
        self._step_time = 1.0 / self.settings.physics_rate
        self._steps = 0
        self._goal = MotorGoal(self._start, *self._limits)
        self._servo = self._new_servo()
        self._goal_lock = threading.Lock()  # held for a moment
        self._bullet_lock = threading.Lock()  # held for each use of PyBullet
        self._marker: Pose | None = None
        self._window: BulletWindow | None = None
        self._loop: RealTimeLoop | None = None
        self._client: int | None = pybullet.connect(pybullet.DIRECT)
        try:
            self._load(description, tip_link, base_link)
            if self.settings.gui:
                self._window = BulletWindow(description.text, self._frame)
        except BaseException:
            self.close()
            raise
        if self.settings.real_time:
            self._loop = RealTimeLoop(self._keep_up, self._step_time, 'pybullet')
            self._loop.start()

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The n driven joints; joints that mimic one of them are not among them."""
        return self._joint_names

    @property
    def lost_time(self) -> float:
        """How far the simulation has fallen behind real time in all [s]."""
        return 0.0 if self._loop is None else self._loop.lost_time

    def read(self) -> Snapshot:
        """Return the newest state; it never waits for a physics step.

        Raises:
            ArmError: the simulation has ended, as when its window was closed.
        """
        self._check_running()
        return self._snapshot

    def write(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None = None
    ) -> None:
        """Set where the joints shall be, clipped to their limits; see `Arm.write`."""
        now = self._now()
        with self._goal_lock:
            self._goal.set(position, velocity, now)

    def step(self, count: int = 1) -> None:
        """Take physics steps, where `settings.real_time` is off."""
        assert not self.settings.real_time, 'a thread takes the steps'
        for _ in range(count):
            self._advance(self._steps * self._step_time, time.monotonic())

    def reset(self) -> None:
        """Be at rest in the start posture again, at once. Simulated time goes on."""
        self._check_running()
        with self._bullet_lock:
            with self._goal_lock:
                self._goal = MotorGoal(self._start, *self._limits)
            self._servo = self._new_servo()
            self._body.put(self._start)
            self._snapshot = self._measure(self._snapshot.measured_at)

    def tip_pose(self, link: str) -> Pose:
        """Return the present pose of a link's frame in the root link's frame.

        Raises:
            ArmError: no such link, or the simulation has ended.
        """
        self._check_running()
        with self._bullet_lock:
            return self._body.pose_of(self._body.link_index(link))

    def contacts(self) -> list[tuple[str, str]]:
        """Return the pairs of links that touch; none where self-collision is off."""
        self._check_running()
        with self._bullet_lock:
            return self._body.contacts()

    def move_marker(self, pose: Pose) -> None:
        """Show the target in the window, at `pose` in the root link's frame; cheap."""
        self._marker = pose

    def close(self) -> None:
        """End the simulation; calling it again does nothing."""
        if self._window is not None:
            self._window.close()
        if self._loop is not None:
            self._loop.stop()
        with self._bullet_lock:
            client, self._client = self._client, None
            if client is not None:
                pybullet.disconnect(client)

    def _load(self, description: BulletUrdf, tip_link: str | None, base_link: str | None) -> None:
        """Load the arm into the empty world."""
        client = self._client
        assert client is not None
        pybullet.setTimeStep(self._step_time, physicsClientId=client)
        pybullet.setGravity(0.0, 0.0, self.settings.gravity, physicsClientId=client)
        with native_output_caught():
            self._body = BulletBody(
                pybullet, client, description, self.settings.self_collision, self._start
            )
        self.root_link = description.links[0]
        self._base_index = self._body.link_index(base_link or self.root_link)
        if tip_link is None and len(description.leaves) == 1:
            tip_link = description.leaves[0]
        self._tip_index = None if tip_link is None else self._body.link_index(tip_link)
        self._snapshot = self._measure(time.monotonic())

    def _keep_up(self, due: float) -> None:
        self._advance(due - self._step_time, due)

    def _advance(self, begin: float, end: float) -> None:
        """Take one physics step towards the goal of time `begin`; what comes of it is of `end`."""
        with self._bullet_lock:
            with self._goal_lock:
                position, velocity = self._goal.at(begin)
            if self._servo is not None:
                position, velocity = self._servo.advance(position)
            self._body.drive(position, velocity, self.settings.position_gain)
            pybullet.stepSimulation(physicsClientId=self._client)
            self._steps += 1
            self._snapshot = self._measure(end)

    def _measure(self, measured_at: float) -> Snapshot:
        position, velocity, effort = self._body.measure()
        tip_pose = None
        if self._tip_index is not None:
            tip_pose = self._body.pose_of(self._tip_index)
            if self._base_index >= 0:
                tip_pose = self._body.pose_of(self._base_index).inverse() @ tip_pose
        simulated = self._steps * self._step_time
        return Snapshot(position, velocity, effort, simulated, measured_at, tip_pose)

    def _frame(self) -> tuple[NDArray[np.float64], Pose | None]:
        return self._snapshot.position, self._marker

    def _now(self) -> float:
        """Return the time by which goals move: real time, or simulated if steps are called for."""
        return time.monotonic() if self.settings.real_time else self._steps * self._step_time

    def _new_servo(self) -> HobbyServo | None:
        servo = self.settings.servo
        return None if servo is None else HobbyServo(self._start, self._step_time, servo)

    def _check_running(self) -> None:
        if self._loop is not None and self._loop.error is not None:
            raise ArmError(f'the simulation has ended: {self._loop.error}') from self._loop.error
        if self._client is None:
            raise ArmError('the simulation is closed')
        if self._window is not None and not self._window.is_open:
            raise ArmError('the window of the simulation was closed')


def start_posture(description: BulletUrdf, positions: Mapping[str, float]) -> NDArray[np.float64]:
    """Return where the driven joints start, (n,) [rad or m].

    Raises:
        SettingsError: an unknown joint, or a position that is not finite or not in the limits.
    """
    joints = {joint.name: joint for joint in description.joints}
    for name, position in positions.items():
        if name not in joints:
            raise SettingsError(
                f'start posture: no joint {name!r} in {description.name!r}; its driven joints are'
                f' {", ".join(joints)}'
            )
        low, high = joints[name].lower, joints[name].upper
        if not (math.isfinite(position) and low <= position <= high):
            raise SettingsError(
                f'start posture: {name} = {position:g} is not in its limits {low:g}..{high:g}'
            )
    return np.array([positions.get(name, joint.rest_position) for name, joint in joints.items()])
