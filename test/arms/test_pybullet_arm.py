"""The simulated arm goes where it is told, as fast as it may, and measures itself truly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pinocchio
import pytest
from arm_models import ARMS, ArmModel

from ik_gd.arms.hobby_servo import HobbyServoSettings
from ik_gd.arms.pybullet_arm import PyBulletArm, PyBulletSettings
from ik_gd.core.errors import ArmError, SettingsError
from ik_gd.core.urdf import load_urdf_text, parse_urdf

MODELS = {model.name: model for model in ARMS}
COMMAND_PERIOD = 0.01


@contextmanager
def simulated(model: ArmModel | str, tip_link: str | None = None, **settings) -> Iterator:
    """Open an arm that takes steps only when it is told to."""
    urdf = model.path if isinstance(model, ArmModel) else model
    arm = PyBulletArm(urdf, PyBulletSettings(**{'real_time': False, **settings}), tip_link)
    try:
        yield arm
    finally:
        arm.close()


def driven_limits(model: ArmModel) -> dict[str, tuple[float, float, float]]:
    """Return lower, upper and fastest velocity of the joints that have a motor."""
    tree = parse_urdf(load_urdf_text(model.path)[0])
    return {
        joint.name: (max(joint.lower, -3.0), min(joint.upper, 3.0), joint.max_velocity)
        for joint in tree.joints
        if joint.is_movable and joint.mimic is None
    }


def random_posture(model: ArmModel, rng: np.random.Generator) -> dict[str, float]:
    return {
        name: float(rng.uniform(lower, upper))
        for name, (lower, upper, _) in driven_limits(model).items()
    }


def swing(arm: PyBulletArm, limits: dict[str, tuple[float, float, float]]) -> Callable:
    """Return position and velocity of sinusoids around the present state, inside the limits."""
    middle = arm.read().position
    lower, upper, speed = np.array([limits[name] for name in arm.joint_names]).T
    frequency = np.linspace(0.2, 0.5, len(middle))
    room = 0.8 * np.maximum(np.minimum(upper - middle, middle - lower), 0.0)
    amplitude = np.minimum(np.minimum(room, 0.4), 0.7 * speed / (2 * np.pi * frequency))

    def at(t: float) -> tuple[np.ndarray, np.ndarray]:
        phase = 2 * np.pi * frequency * t
        return (
            middle + amplitude * np.sin(phase),
            amplitude * 2 * np.pi * frequency * np.cos(phase),
        )

    return at


def follow(arm: PyBulletArm, path: Callable, duration: float, feed_forward: bool = True):
    """Command `path` at 100 Hz; return the joints' distance from it after each step."""
    errors, commanded_until = [], 0.0
    while arm.read().time < duration:
        if arm.read().time >= commanded_until - 1e-9:
            position, velocity = path(arm.read().time)
            arm.write(position, velocity if feed_forward else None)
            commanded_until += COMMAND_PERIOD
        arm.step()
        errors.append(arm.read().position - path(arm.read().time)[0])
    return np.array(errors)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


@pytest.mark.parametrize('model', ARMS, ids=str)
def test_the_tip_pose_is_that_of_pinocchio(model) -> None:
    text = load_urdf_text(model.path)[0]
    robot = pinocchio.buildModelFromXML(text, mimic=True)
    data = robot.createData()
    rng = np.random.default_rng(3)
    link = model.tip_link or parse_urdf(text).leaves[0]
    for _ in range(3):
        posture = random_posture(model, rng)
        with simulated(model, link, start_posture=posture) as arm:
            q = pinocchio.neutral(robot)
            for name, position in posture.items():
                joint = robot.joints[robot.getJointId(name)]
                values = [position] if joint.nq == 1 else [np.cos(position), np.sin(position)]
                q[joint.idx_q : joint.idx_q + joint.nq] = values
            pinocchio.framesForwardKinematics(robot, data, q)
            expected = data.oMf[robot.getFrameId(link)].homogeneous
            np.testing.assert_allclose(arm.read().tip_pose.matrix, expected, atol=1e-6)


@pytest.mark.parametrize('model', ARMS, ids=str)
def test_every_arm_follows_a_100_hz_command_stream_within_a_milliradian(model) -> None:
    with simulated(model) as arm:
        errors = follow(arm, swing(arm, driven_limits(model)), duration=2.5)
        late = errors[len(errors) // 5 :]
        assert rms(late) < 5e-4
        assert np.abs(late).max() < 2e-3


def test_feed_forward_removes_nearly_all_of_the_lag() -> None:
    model = MODELS['so101']
    lag = []
    for feed_forward in (False, True):
        with simulated(model) as arm:
            lag.append(rms(follow(arm, swing(arm, driven_limits(model)), 2.0, feed_forward)))
    assert lag[1] < 0.1 * lag[0]


def test_a_command_for_one_joint_leaves_the_others_where_they_are() -> None:
    with simulated(MODELS['so101'], start_posture={'elbow_flex': 0.5}) as arm:
        before = arm.read().position
        command = np.full(6, np.nan)
        command[5] = 1.0
        arm.write(command)
        arm.step(240)
        after = arm.read().position
        assert after[5] == pytest.approx(1.0, abs=1e-3)
        np.testing.assert_allclose(after[:5], before[:5], atol=2e-3)


def test_a_goal_beyond_the_limits_ends_at_the_limit() -> None:
    with simulated(MODELS['so101']) as arm:
        arm.write(np.full(6, 9.0))
        arm.step(480)
        upper = [limits[1] for limits in driven_limits(MODELS['so101']).values()]
        np.testing.assert_allclose(arm.read().position, upper, atol=2e-3)


@pytest.mark.parametrize('name', ['so101', 'panda', 'desk6'])
def test_a_joint_that_is_told_to_jump_goes_at_its_fastest_and_not_faster(name) -> None:
    with simulated(MODELS[name]) as arm:
        for i, joint in enumerate(arm.joint_names):
            lower, upper, speed = driven_limits(MODELS[name])[joint]
            arm.reset()
            start = arm.read().position[i]
            command = np.full(len(arm.joint_names), np.nan)
            command[i] = upper if upper - start > start - lower else lower
            arm.write(command)
            fastest = 0.0
            while abs(arm.read().position[i] - command[i]) > 0.1 * abs(command[i] - start):
                arm.step()
                fastest = max(fastest, abs(arm.read().velocity[i]))
            assert 0.98 * speed < fastest < 1.002 * speed, joint


def test_an_arm_without_commands_holds_against_gravity() -> None:
    with simulated(MODELS['so101'], start_posture={'shoulder_lift': 1.0}) as arm:
        before = arm.read().position
        arm.step(1200)
        np.testing.assert_allclose(arm.read().position, before, atol=2e-3)
        assert np.abs(arm.read().effort).max() > 0.1


def test_two_runs_are_identical_to_the_last_bit() -> None:
    runs = []
    for _ in range(2):
        with simulated(MODELS['desk6']) as arm:
            runs.append(follow(arm, swing(arm, driven_limits(MODELS['desk6'])), 0.5))
    np.testing.assert_array_equal(runs[0], runs[1])


def test_reset_returns_to_the_start_posture_at_rest_and_time_goes_on() -> None:
    with simulated(MODELS['so101'], start_posture={'gripper': 0.7}) as arm:
        start = arm.read()
        arm.write(np.full(6, 0.3))
        arm.step(100)
        arm.reset()
        np.testing.assert_array_equal(arm.read().position, start.position)
        assert not arm.read().velocity.any()
        assert arm.read().time == pytest.approx(100 / 240)
        arm.step(100)
        np.testing.assert_allclose(arm.read().position, start.position, atol=2e-3)


def test_a_mimic_joint_follows_its_source_and_is_not_in_the_joint_list() -> None:
    with simulated(MODELS['panda']) as arm:
        assert 'panda_finger_joint1' in arm.joint_names
        assert 'panda_finger_joint2' not in arm.joint_names
        command = np.full(len(arm.joint_names), np.nan)
        command[arm.joint_names.index('panda_finger_joint1')] = 0.03
        arm.write(command)
        arm.step(480)
        hand = arm.tip_pose('panda_hand')
        left, right = (
            (hand.inverse() @ arm.tip_pose(f'panda_{side}finger')).position[1]
            for side in ('left', 'right')
        )
        assert left == pytest.approx(0.03, abs=1e-3)
        assert right == pytest.approx(-left, abs=1e-3)


def test_joints_start_amidst_limits_where_zero_is_outside_or_close_to_one() -> None:
    with simulated(MODELS['panda']) as arm:
        position = dict(zip(arm.joint_names, arm.read().position, strict=True))
        assert position['panda_joint1'] == 0.0
        assert position['panda_joint4'] == pytest.approx(-0.5 * 3.1416)
    text = MODELS['planar2'].path.read_text().replace('lower="-2.8"', 'lower="0.8"')
    with simulated(text) as arm:
        np.testing.assert_allclose(arm.read().position, [1.8, 0.0])


def test_a_servo_model_delays_the_arm() -> None:
    model = MODELS['so101']
    servo = HobbyServoSettings(delay=0.05)
    with simulated(model, servo=servo) as arm:
        arm.write(np.full(6, 0.2))
        arm.step(12)
        np.testing.assert_allclose(arm.read().position, 0.0, atol=2e-3)
        arm.step(240)
        np.testing.assert_allclose(arm.read().position, 0.2, atol=4e-3)


def test_a_missing_mesh_is_a_warning_and_the_arm_runs() -> None:
    text = MODELS['planar2'].path.read_text()
    text = text.replace('<box size="0.2 0.03 0.022"/>', '<mesh filename="package://no/m.stl"/>')
    with simulated(text) as arm:
        assert arm.warnings == (
            "link 'upper_arm_link': mesh 'package://no/m.stl' is not found; left out",
        )
        arm.write(np.array([0.5, 0.5]))
        arm.step(240)
        np.testing.assert_allclose(arm.read().position, 0.5, atol=1e-3)


FOLDING = """
<robot name="folding">
  <link name="base"><collision><origin xyz="0.1 0 0"/>
    <geometry><box size="0.2 0.05 0.04"/></geometry></collision></link>
  <link name="upper"><collision><origin xyz="0.1 0 0.05"/>
    <geometry><box size="0.2 0.05 0.04"/></geometry></collision></link>
  <link name="fore"><collision><origin xyz="0.1 0 0"/>
    <geometry><box size="0.2 0.05 0.04"/></geometry></collision></link>
  <joint name="lift" type="revolute"><parent link="base"/><child link="upper"/>
    <axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="5" velocity="3"/></joint>
  <joint name="fold" type="revolute"><parent link="upper"/><child link="fore"/>
    <origin xyz="0.22 0 0"/>
    <axis xyz="0 0 1"/><limit lower="-3.1" upper="3.1" effort="5" velocity="3"/></joint>
</robot>
"""


@pytest.mark.parametrize('self_collision', [True, False])
def test_links_collide_only_where_that_is_asked_for(self_collision) -> None:
    with simulated(FOLDING, self_collision=self_collision) as arm:
        arm.step(10)
        assert arm.contacts() == []
        arm.write(np.array([0.0, 3.1]))
        arm.step(480)
        if self_collision:
            assert arm.contacts() == [('base', 'fore')]
            assert arm.read().position[1] < 2.95
        else:
            assert arm.contacts() == []
            assert arm.read().position[1] == pytest.approx(3.1, abs=1e-3)


def test_the_base_may_be_any_link() -> None:
    model = MODELS['so101']
    settings = PyBulletSettings(real_time=False, start_posture={'shoulder_pan': 1.0})
    arm = PyBulletArm(model.path, settings, 'gripper_frame_link', 'shoulder_link')
    expected = arm.tip_pose('shoulder_link').inverse() @ arm.tip_pose('gripper_frame_link')
    np.testing.assert_allclose(arm.read().tip_pose.matrix, expected.matrix, atol=1e-12)
    arm.close()


def test_the_tip_is_the_only_leaf_unless_it_is_named() -> None:
    with simulated(MODELS['planar2']) as arm:
        expected = arm.tip_pose('tip_link').position
        np.testing.assert_array_equal(arm.read().tip_pose.position, expected)
    with simulated(MODELS['so101']) as arm:
        assert arm.read().tip_pose is None


def test_in_real_time_it_moves_by_itself_until_it_is_closed() -> None:
    arm = PyBulletArm(MODELS['planar2'].path)
    arm.write(np.array([0.4, -0.4]))
    deadline = time.monotonic() + 30.0
    while np.abs(arm.read().position - (0.4, -0.4)).max() > 1e-3:
        assert time.monotonic() < deadline, 'the arm does not arrive'
        time.sleep(0.01)
    assert arm.read().measured_at <= time.monotonic()
    arm.close()
    arm.close()
    with pytest.raises(ArmError, match='closed'):
        arm.read()


@pytest.mark.parametrize(
    ('arguments', 'settings', 'error', 'complaint'),
    [
        (('hand',), {}, ArmError, "no link 'hand'.*gripper_frame_link"),
        ((None, 'foot'), {}, ArmError, "no link 'foot'.*gripper_frame_link"),
        ((), {'start_posture': {'pan': 0.0}}, SettingsError, "no joint 'pan'.*shoulder_pan"),
        ((), {'start_posture': {'gripper': 3.0}}, SettingsError, 'gripper = 3 is not in'),
        ((), {'start_posture': {'gripper': float('nan')}}, SettingsError, 'gripper = nan'),
    ],
)
def test_what_the_arm_does_not_have_is_refused_with_what_it_has(
    arguments, settings, error, complaint
) -> None:
    with pytest.raises(error, match=complaint):
        PyBulletArm(
            MODELS['so101'].path, PyBulletSettings(real_time=False, **settings), *arguments
        )


def test_an_arm_without_joints_is_refused() -> None:
    with pytest.raises(ArmError, match="'stone' has no joint"):
        PyBulletArm('<robot name="stone"><link name="base"/></robot>')


@pytest.mark.parametrize(
    ('settings', 'complaint'),
    [
        ({'physics_rate': 5.0}, 'physics_rate: 5 Hz'),
        ({'position_gain': 0.0}, 'position_gain: 0'),
        ({'gravity': float('nan')}, 'gravity: nan'),
    ],
)
def test_settings_out_of_range_are_refused(settings, complaint) -> None:
    with pytest.raises(SettingsError, match=complaint):
        PyBulletSettings(**settings)
