"""The bench tools of `ik_gd servo`, on virtual servos."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ik_gd.arms.servo.calibration_file import format_calibration, load_calibration
from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus
from ik_gd.cli.main import main

CONFIG = Path(__file__).parents[2] / 'config'
SO101 = CONFIG / 'so101_calibration.yaml'
FILES = {
    'feetech_sts': SO101,
    'dynamixel': CONFIG / 'koch_calibration.yaml',
    'lx16a': CONFIG / 'lx16a_calibration.yaml',
}


@pytest.fixture
def bus_of():
    """Make virtual buses from calibration files."""
    made = []

    def make(path):
        made.append(VirtualBus.from_calibration(path))
        return made[-1]

    yield make
    for bus in made:
        bus.close()


def servo(*words):
    return main(['servo', *map(str, words)])


def sent_goals(bus, path):
    return [goal for name in load_calibration(path).joint_names for goal in bus.servo(name).goals]


@pytest.mark.parametrize('driver', FILES)
def test_scan_finds_driver_rate_ids_and_models_and_moves_nothing(driver, bus_of, capsys):
    bus = bus_of(FILES[driver])
    words = ['--port', bus.path, '--ids', '1-7', '--timeout-ms', 100]
    if driver == 'feetech_sts':  # once without being told the driver
        words += ['--baud', 1_000_000]
    else:
        words += ['--driver', driver]
    assert servo('scan', *words) == 0
    lines = capsys.readouterr().out.splitlines()
    joints = load_calibration(FILES[driver]).joints
    assert [line.split()[5] for line in lines] == [str(joint.id) for joint in joints]
    assert [line.split()[1] for line in lines] == [driver] * 6
    assert [line.split()[-1] for line in lines] == [joint.model for joint in joints]
    assert not sent_goals(bus, FILES[driver])


def test_scan_says_so_when_nobody_answers(bus_of, capsys):
    bus = bus_of(SO101)
    bus.power_off()
    assert servo('scan', '--port', bus.path, '--driver', 'feetech_sts', '--ids', '1-2') == 1
    assert f'no servo answers on {bus.path}: is the power on' in capsys.readouterr().err


@pytest.mark.parametrize('driver', FILES)
def test_check_tells_servos_that_fit_from_those_that_do_not(driver, bus_of, capsys):
    path = FILES[driver]
    bus = bus_of(path)
    assert servo('check', '--calibration', path, '--port', bus.path) == 0
    assert 'all servos fit' in capsys.readouterr().out
    last = load_calibration(path).joints[-1]
    bus.faults.dead = {last.id}
    assert servo('check', '--calibration', path, '--port', bus.path) == 1
    output = capsys.readouterr().out
    assert 'no answer' in output and '1 of 6 servos do not fit' in output
    assert not sent_goals(bus, path)


def test_check_names_what_differs(bus_of, capsys):
    bus = bus_of(SO101)
    bus.servo('gripper').set_register('homing_offset', 90)
    bus.servo('elbow_flex').place(4000)
    assert servo('check', '--calibration', SO101, '--port', bus.path) == 1
    output = capsys.readouterr().out
    assert 'homing_offset is 90, not 0' in output
    assert 'is outside 947 .. 3149' in output


def test_monitor_shows_every_joint(bus_of, capsys):
    bus = bus_of(SO101)
    bus.servo('wrist_roll').place(2048 + 1024)
    assert servo('monitor', '--calibration', SO101, '--port', bus.path, '--count', 2) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    newest = {row[0]: row for row in rows if len(row) > 5}
    assert newest['wrist_roll'][1:5] == ['5', '1.571', '25', '7.4']
    assert newest['gripper'][-1] == 'ok'
    assert not sent_goals(bus, SO101)


@pytest.mark.parametrize('driver', FILES)
def test_set_id_changes_one_servo_for_good(driver, bus_of, capsys):
    bus = bus_of(FILES[driver])
    words = ['--port', bus.path, '--driver', driver, '--yes']
    if driver == 'dynamixel':
        words += ['--baud', 1_000_000]
    assert servo('set-id', *words, '--from', 6, '--to', 1) == 1
    assert 'there is a servo with id 1 already' in capsys.readouterr().err
    assert servo('set-id', *words, '--from', 60, '--to', 61) == 1
    assert 'no servo answers as id 60' in capsys.readouterr().err
    assert servo('set-id', *words, '--from', 6, '--to', 9) == 0
    bus.power_off()
    bus.power_on()
    assert servo('scan', *words[:4], '--ids', '5-9', *words[5:]) == 0
    ids = [line.split()[5] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert ids == ['5', '9']


LEROBOT = """{"shoulder_pan": {"id": 1, "drive_mode": 0, "homing_offset": 555,
"range_min": 765, "range_max": 3465}}"""


def test_import_lerobot_writes_a_file_only_once_and_only_when_confirmed(
    tmp_path, capsys, monkeypatch
):
    source, output = tmp_path / 'follower.json', tmp_path / 'arm.yaml'
    source.write_text(LEROBOT)
    words = ['import-lerobot', source, '--port', '/dev/x', '--driver', 'feetech_sts']
    words += ['--output', output]
    monkeypatch.setattr(sys, 'stdin', open(os.devnull))  # noqa: SIM115 (nobody says yes)
    assert servo(*words) == 1
    assert not output.exists()
    assert servo(*words, '--zero-tick', 2047) == 0
    joint = load_calibration(output).joint('shoulder_pan')
    assert (joint.tick_min, joint.homing_offset, joint.zero_tick) == (765, 555, 2047)
    assert servo(*words, '--zero-tick', 2000) == 1
    assert f'{output} exists; --force overwrites it' in capsys.readouterr().err


class Guided:
    """`ik_gd servo calibrate` in a process of its own, answered as it asks."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'ik_gd.cli', 'servo', 'calibrate', *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines = []

    def read_until(self, words):
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return
        raise AssertionError(f'{words!r} was never said: {self.lines}')

    def enter(self):
        print(file=self.process.stdin, flush=True)


def sweep(bus, joints):
    """Turn joints by hand from end to end, slowly enough to be followed."""
    for fraction in [*range(11), *range(10, -1, -1)]:
        for joint in joints:
            span = joint.tick_max - joint.tick_min
            bus.servo(joint.name).place(joint.tick_min + fraction * span // 10)
        time.sleep(0.15)  # a hand takes its time; the tool reads ten times a second or more


@pytest.mark.parametrize('write_eeprom', [False, True])
def test_calibrate_finds_zero_range_and_direction(bus_of, tmp_path, write_eeprom):
    arm = load_calibration(SO101)
    joints = tuple(
        replace(joint, tick_min=1000, tick_max=3000, zero_tick=2048) for joint in arm.joints[:2]
    )
    path, output = tmp_path / 'start.yaml', tmp_path / 'found.yaml'
    path.write_text(format_calibration(replace(arm, joints=joints)))
    bus = bus_of(path)
    words = ['--calibration', path, '--port', bus.path, '--output', output, '--yes']
    guided = Guided(*words, *(['--write-eeprom'] if write_eeprom else []))
    guided.read_until('Put every joint')
    for joint in joints:
        bus.servo(joint.name).place(1900 + joint.id)
    guided.enter()
    guided.read_until('Turn each joint from one end')
    shift = {
        joint.name: bus.servo(joint.name).position_ticks - 1900 - joint.id for joint in joints
    }
    turned = [replace(j, tick_min=1200 + j.id, tick_max=2700) for j in joints]
    sweep(bus, turned)
    for joint in joints:
        bus.servo(joint.name).place(2000)
    guided.enter()
    for joint, direction in zip(joints, (1, -1), strict=True):
        guided.read_until(f'Turn {joint.name} a little in its positive direction')
        bus.servo(joint.name).place(bus.servo(joint.name).position_ticks + 200 * direction)
        guided.enter()
    guided.read_until(f'wrote {output}')
    assert guided.process.wait(20) == 0
    found = load_calibration(output)
    for joint, sign in zip(found.joints, (1, -1), strict=True):
        assert joint.sign == sign
        assert joint.zero_tick == 1900 + joint.id + shift[joint.name]
        assert (joint.tick_min, joint.tick_max) == (1200 + joint.id, 2700)
        assert joint.homing_offset == (-(148 - joint.id) if write_eeprom else 0)
        assert bus.servo(joint.name).register('min_angle') == (
            joint.tick_min if write_eeprom else 1000
        )
    assert servo('check', '--calibration', output, '--port', bus.path) == 0
    assert not sent_goals(bus, path)


@pytest.mark.parametrize('tool', ['check', 'monitor'])
def test_a_port_that_is_not_there_is_one_line(tool, capsys):
    assert servo(tool, '--calibration', SO101, '--port', '/dev/not/there') == 1
    error = capsys.readouterr().err
    assert error == 'ik_gd servo: cannot open /dev/not/there: No such file or directory\n'
