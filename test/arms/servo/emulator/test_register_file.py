import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.servo.emulator.dynamixel_registers import X_SERIES
from ik_gd.arms.servo.emulator.feetech_registers import SCS, STS
from ik_gd.arms.servo.emulator.register_file import Register, RegisterFile

patient = settings(deadline=None)  # the machine may be busy

TABLE = (
    Register(0, 2, 'model', 777, writable=False),
    Register(4, 2, 'limit', 100),
    Register(40, 1, 'torque'),
    Register(42, 4, 'goal'),
)


def small(byteorder='little'):
    return RegisterFile(TABLE, range(40), byteorder)


@pytest.mark.parametrize('table', [X_SERIES, STS, SCS])
def test_tables_have_no_two_registers_over_each_other(table):
    covered = [byte for row in table for byte in range(row.address, row.address + row.size)]
    assert len(covered) == len(set(covered))
    assert len({row.name for row in table}) == len(table)


@patient
@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(['little', 'big']))
def test_signed_numbers_come_back(value, byteorder):
    registers = small(byteorder)
    registers.put('goal', value)
    assert registers.get_signed('goal') == value
    assert registers.read(42, 4) == value.to_bytes(4, byteorder, signed=True)


@patient
@given(st.integers(0, 255), st.binary(max_size=40))
def test_a_write_changes_nothing_that_is_not_writable(address, data):
    registers = small()
    before = registers.read(0, 256)
    registers.write(address, data)
    after = registers.read(0, 256)
    for at in range(256):
        if at not in (4, 5, 40, 42, 43, 44, 45):
            assert after[at] == before[at]
        elif address <= at < address + len(data):
            assert after[at] == data[at - address]


def test_power_off_keeps_eeprom_and_forgets_ram():
    registers = small()
    registers.write(4, b'\x05\x00')
    registers.write(40, b'\x01')
    registers.power_cycle()
    assert (registers.get('limit'), registers.get('torque')) == (5, 0)


def test_an_eeprom_write_that_is_not_kept_lasts_until_power_off():
    registers = small()
    registers.write(4, b'\x05\x00', keep=False)
    assert registers.get('limit') == 5
    registers.power_cycle()
    assert registers.get('limit') == 100


def test_a_preview_leaves_the_original_alone():
    registers = small()
    assert registers.preview(4, b'\x07\x00').get('limit') == 7
    assert registers.get('limit') == 100


def test_a_write_tells_which_registers_it_touched():
    assert small().write(41, b'\x00\x00') == {'goal'}
    assert small().write(39, b'\x00\x00\x00\x00') == {'torque', 'goal'}
