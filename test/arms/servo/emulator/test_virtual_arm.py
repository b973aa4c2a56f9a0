import math

import pytest
import yaml

from ik_gd.arms.servo.emulator.faults import Faults, Switches, apply_words, value_names
from ik_gd.arms.servo.emulator.virtual_arm import build_line, read_plan
from ik_gd.core.errors import CalibrationError, SettingsError

GOOD = {
    'bus': {'driver': 'feetech_sts', 'baud': 1_000_000},
    'joints': {'pan': {'id': 1, 'zero_tick': 2048, 'tick_min': 800, 'tick_max': 3000}},
}


def built(tree, **options):
    return build_line(read_plan(tree), Faults(), Switches(), **options).servos


def changed(**joint):
    return {**GOOD, 'joints': {'pan': {**GOOD['joints']['pan'], **joint}}}


def test_a_file_and_its_content_make_the_same_arm(tmp_path):
    path = tmp_path / 'arm.yaml'
    path.write_text(yaml.safe_dump(GOOD))
    assert read_plan(path) == read_plan(str(path)) == read_plan(GOOD)


@pytest.mark.parametrize(
    ('tree', 'words'),
    [
        ({}, 'bus'),
        ({'bus': {'driver': 'morse'}, 'joints': {}}, 'feetech_sts'),
        ({**GOOD, 'joints': {}}, 'empty'),
        ({**GOOD, 'joints': {'pan': {}}}, 'id'),
        ({**GOOD, 'joints': {'pan': None}}, 'joints'),
        (changed(id='x'), 'x'),
        (changed(model='mg996r'), 'sts3215'),
    ],
)
def test_an_unusable_calibration_is_told_in_one_line(tree, words):
    with pytest.raises(CalibrationError, match=words) as caught:
        read_plan(tree)
    assert '\n' not in str(caught.value)


def test_an_unreadable_file_is_told_with_its_name(tmp_path):
    with pytest.raises(CalibrationError, match='/absent'):
        read_plan(tmp_path / 'absent.yaml')
    broken = tmp_path / 'broken.yaml'
    broken.write_text('bus: [')
    with pytest.raises(CalibrationError, match='/broken'):
        read_plan(broken)
    broken.write_text('[1, 2]')
    with pytest.raises(CalibrationError, match='needs bus'):
        read_plan(broken)


@pytest.mark.parametrize('driver', ['feetech_sts', 'dynamixel'])
def test_a_baud_rate_that_the_family_lacks_is_refused(driver):
    with pytest.raises(CalibrationError, match='1000000'):
        built({**GOOD, 'bus': {'driver': driver, 'baud': 12345}})


@pytest.mark.parametrize('model', ['XL330-M288', 'xl330_m288', 'xl330', None])
def test_model_names_are_read_without_their_dashes(model):
    tree = {'bus': {'driver': 'dynamixel'}, 'joints': {'pan': {'id': 4, 'model': model}}}
    if model is None:
        del tree['joints']['pan']['model']
    (servo,) = built(tree)
    assert servo.registers.get('model') == 1200


def test_a_value_that_is_null_is_one_that_is_not_given():
    empty = {'model': None, 'homing_offset': None, 'tick_min': None, 'tick_max': None}
    row = {'id': 1, 'zero_tick': 2048}
    assert read_plan({**GOOD, 'joints': {'pan': {**row, **empty}}}) == read_plan(
        {**GOOD, 'joints': {'pan': row}}
    )


def test_a_joint_starts_at_zero_or_in_the_middle_of_its_range():
    assert built(GOOD)[0].position == 2048
    assert built(changed(zero_tick=100))[0].position == 1900


def test_eeprom_holds_what_the_file_says():
    registers = built(changed(homing_offset=-555))[0].registers
    assert registers.get('homing_offset') == 555 | 1 << 11
    assert (registers.get('min_angle'), registers.get('max_angle')) == (800, 3000)
    registers.power_cycle()
    assert registers.get('model') == 777


def test_backlash_is_given_in_radians():
    (servo,) = built(GOOD, backlash=math.radians(1.8))
    assert servo.model.body.backlash == pytest.approx(20.48)


def test_gravity_of_an_unknown_joint_is_refused():
    with pytest.raises(CalibrationError, match=r'elbow.*pan'):
        built(GOOD, gravity={'elbow': 0.2})


def test_fault_words_set_what_they_name():
    faults, switches = Faults(), Switches()
    words = ['dead=3,4', 'echo=true', 'corrupt_every=50', 'split_gap=0.01', 'goal_energises=off']
    apply_words(words, faults, switches)
    assert faults == Faults(dead={3, 4}, echo=True, corrupt_every=50, split_gap=0.01)
    assert switches == Switches(goal_energises=False)


@pytest.mark.parametrize(
    'word',
    ['dead', 'gremlins=3', 'dead=x', 'echo=maybe', 'corrupt_every=2.5', 'corrupt_every=-1',
     'usb_latency=nan', 'usb_latency=inf', '=1', ''],
)  # fmt: skip
def test_bad_fault_words_are_told_in_one_line(word):
    with pytest.raises(SettingsError) as caught:
        apply_words([word], Faults(), Switches())
    assert '\n' not in str(caught.value)


def test_all_faults_and_switches_can_be_named():
    faults, switches = Faults(), Switches()
    for name in value_names():
        apply_words([f'{name}=1'], faults, switches)
    assert faults.dead == faults.overheat == faults.overload == {1}
    assert faults.stale_every == 1
    assert switches.usb_latency == 1.0
