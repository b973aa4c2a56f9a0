"""Radians <-> ticks, and calibration files that are refused with the reason."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.arms.servo.calibration_file import (
    format_calibration,
    load_calibration,
    parse_calibration,
)
from ik_gd.arms.servo.families import family_of
from ik_gd.arms.servo.lerobot import import_lerobot
from ik_gd.core.errors import CalibrationError

CONFIG = Path(__file__).parents[3] / 'config'


@st.composite
def joints(draw):
    per_turn = draw(st.sampled_from([1228.8, 1500, 4096]))
    last = int(per_turn) - 1
    low = draw(st.integers(0, last - 1))
    return JointCalibration(
        name=draw(st.text('abc_', min_size=1)),
        id=draw(st.integers(0, 252)),
        model='m',
        sign=draw(st.sampled_from([-1, 1])),
        zero_tick=draw(st.integers(-last, last)),
        ticks_per_rev=per_turn,
        tick_min=low,
        tick_max=draw(st.integers(low + 1, last)),
        homing_offset=draw(st.none() | st.integers(-2000, 2000)),
        max_velocity=draw(st.floats(0.1, 10.0)),
        torque_limit=draw(st.none() | st.floats(0.01, 1.0)),
    )


@given(joints(), st.data())
def test_every_tick_comes_back_from_radians(joint, data):
    tick = data.draw(st.integers(joint.tick_min, joint.tick_max))
    assert joint.to_tick(joint.to_radians(tick)) == tick


@given(joints(), st.floats(0.0, 1.0))
def test_radians_come_back_within_half_a_tick(joint, fraction):
    q = joint.lower + fraction * (joint.upper - joint.lower)
    half = 0.5 * abs(joint.radians_per_tick)
    assert abs(joint.to_radians(joint.to_tick(q)) - q) <= half * (1.0 + 1e-9)


@given(joints(), st.floats(-1e6, 1e6))
def test_no_position_gives_a_tick_outside_the_range(joint, position):
    assert joint.tick_min <= joint.to_tick(position) <= joint.tick_max


@given(joints(), st.data())
def test_unwrapping_undoes_whole_turns_within_the_range(joint, data):
    tick = data.draw(st.integers(joint.tick_min, joint.tick_max))
    turns = data.draw(st.integers(-3, 3))
    assert joint.unwrap(tick + round(turns * joint.ticks_per_rev)) == tick


def test_a_joint_just_below_zero_reads_as_below_its_range_not_a_turn_above():
    joint = JointCalibration('j', 1, 'm', 1, 2048, 4096, 5, 3000)
    assert joint.unwrap(4090) == -6


def test_the_sign_turns_the_joint_and_its_limits():
    joint = JointCalibration('j', 1, 'm', -1, 2048, 4096, 1024, 2048)
    assert joint.to_radians(1024) == pytest.approx(math.pi / 2)
    assert (joint.lower, joint.upper) == pytest.approx((0.0, math.pi / 2))


@given(st.lists(joints(), min_size=1, max_size=4, unique_by=(lambda j: j.id, lambda j: j.name)))
def test_a_calibration_survives_its_file(rows):
    written = Calibration(BusSettings('feetech_sts', '/dev/x', 1_000_000), tuple(rows))
    read = parse_calibration(format_calibration(written))
    assert read.bus == written.bus
    for one, other in zip(read.joints, written.joints, strict=True):
        assert one.max_velocity == pytest.approx(other.max_velocity, abs=1e-6)
        assert (one.id, one.name, one.tick_min, one.homing_offset) == (
            other.id,
            other.name,
            other.tick_min,
            other.homing_offset,
        )


@pytest.mark.parametrize('name', ['so101', 'koch', 'lx16a'])
def test_the_calibrations_shipped_as_examples_are_usable(name):
    calibration = load_calibration(CONFIG / f'{name}_calibration.yaml')
    assert len(calibration.joints) == 6
    assert family_of(calibration).models


GOOD = format_calibration(
    Calibration(
        BusSettings('feetech_sts', '/dev/x', 1_000_000),
        (
            JointCalibration('a', 1, 'sts3215', 1, 2048, 4096, 1000, 3000),
            JointCalibration('b', 2, 'sts3215', 1, 2048, 4096, 1000, 3000),
        ),
    )
)


@pytest.mark.parametrize(
    ('old', 'new', 'told'),
    [
        ('id: 2', 'id: 1', 'id 1 is given more than once'),
        ('id: 2', 'id: 300', 'joint b: id 300 is not in 0 .. 252'),
        ('id: 2', 'id: two', "joint b: id: 'two' is not a whole number"),
        ('id: 2', '', 'joint b: id is missing'),
        ('sign: 1', 'sign: 0', 'joint a: sign 0 is not 1 or -1'),
        ('tick_min: 1000', 'tick_min: 3000', 'tick_min 3000 is not below tick_max 3000'),
        ('tick_max: 3000', 'tick_max: 5096', 'is a full turn (4096 ticks) or more'),
        ('tick_max: 3000', 'tick_max: 4096', 'cannot cross its zero'),
        ('max_velocity: 1\n', 'max_velocity: .nan\n', 'max_velocity: nan is not a finite number'),
        ('max_velocity: 1\n', 'max_velocty: 1\n', "unknown key 'max_velocty'; known are id"),
        ('model: sts3215', 'model: sts9999', "no model 'sts9999'; it has sts3215, sts3250"),
        ('driver: feetech_sts', 'driver: feetech', "driver 'feetech' is not one of feetech_sts"),
        ('retries: 2', 'retries: -1', 'bus: retries -1 is not in 0 .. 10'),
        ('echo: auto', 'echo: maybe', "echo 'maybe' is not auto or on or off"),
        ('bus:', 'bus: [', 'not YAML'),
        ('joints:', 'jonts:', "unknown key 'jonts'"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_the_value(old, new, told):
    assert old in GOOD
    with pytest.raises(CalibrationError) as raised:
        family_of(parse_calibration(GOOD.replace(old, new, 1)))
    assert told in str(raised.value)
    assert '\n' not in str(raised.value)


def test_a_missing_file_is_named():
    with pytest.raises(CalibrationError, match=r'cannot read the calibration /no/where\.yaml'):
        load_calibration('/no/where.yaml')


def test_yaml_reads_a_bare_on_as_the_word():
    assert parse_calibration(GOOD.replace('echo: auto', 'echo: on')).bus.echo == 'on'


LEROBOT = """{"shoulder_pan": {"id": 1, "drive_mode": 0, "homing_offset": 555,
"range_min": 765, "range_max": 3465}, "gripper": {"id": 6, "drive_mode": 1,
"homing_offset": -1407, "range_min": 2031, "range_max": 3476}}"""


def test_lerobots_file_is_taken_over():
    bus = BusSettings('feetech_sts', '/dev/x', 1_000_000)
    pan, gripper = import_lerobot(LEROBOT, bus).joints
    assert (pan.name, pan.id, pan.sign, pan.homing_offset) == ('shoulder_pan', 1, 1, 555)
    assert (pan.tick_min, pan.tick_max, pan.zero_tick) == (765, 3465, 2047)
    assert (gripper.sign, gripper.homing_offset) == (-1, -1407)


@pytest.mark.parametrize('text', ['nonsense', '[]', '{}', '{"a": 1}', '{"a": {"id": 1}}'])
def test_what_is_not_lerobots_file_is_refused(text):
    with pytest.raises(CalibrationError):
        import_lerobot(text, BusSettings('feetech_sts', '/dev/x', 1_000_000))
