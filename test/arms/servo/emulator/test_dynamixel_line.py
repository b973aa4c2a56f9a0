import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.servo.emulator.dynamixel_line import crc16, status_packet

patient = settings(deadline=None, max_examples=60)  # the machine may be busy
ALERT = 0x80


def packet(text):
    return bytes.fromhex(text)


def error(replies):
    return replies[0][8]


@pytest.fixture
def dxl(bench):
    return bench('dynamixel')


@pytest.mark.parametrize(
    'text',
    [
        'FFFFFD00010300 01 194E',
        'FFFFFD00010700 02 84000400 1D15',
        'FFFFFD00FE0900 82 84000400 0102 CEFA',
        'FFFFFD00010300 08 2F4E',
    ],
)
def test_golden_crc(text):
    data = packet(text)
    assert crc16(data[:-2]) == int.from_bytes(data[-2:], 'little')


def test_golden_requests_are_answered(dxl):
    (ping,) = dxl.ask(packet('FFFFFD00010300 01 194E'))
    assert ping[:12] == packet('FFFFFD00 01 0700 55 00 B004 30')
    (read,) = dxl.ask(packet('FFFFFD00010700 02 84000400 1D15'))
    assert read[:13] == packet('FFFFFD00 01 0800 55 00 00080000')
    replies = dxl.ask(packet('FFFFFD00FE0900 82 84000400 0102 CEFA'))
    assert [reply[4] for reply in replies] == [1, 2]
    assert len(dxl.ask(packet('FFFFFD00010300 08 2F4E'))) == 1


@given(data=st.binary(max_size=200))
@patient
def test_noise_never_raises(bench, data):
    line = bench('dynamixel')
    line.ask(data)
    line.ask(b'\xff\xff\xfd\x00' + data)


INSTRUCTIONS = [1, 2, 3, 4, 5, 6, 8, 16, 0x82, 0x83, 0x8A, 0x92, 0x93]
requests = st.tuples(
    st.sampled_from([1, 2, 0xFE]),
    st.sampled_from(INSTRUCTIONS) | st.integers(0, 255),
    st.lists(st.sampled_from([0, 1, 2, 4, 11, 64, 116]) | st.integers(0, 255), max_size=24),
)


@given(asked=st.lists(requests, max_size=8))
@patient
def test_no_request_raises_whatever_its_parameters(bench, packets, asked):
    line = bench('dynamixel')
    for servo_id, instruction, parameters in asked:
        for reply in line.ask(packets.dynamixel(servo_id, instruction, *parameters)):
            assert reply.startswith(b'\xff\xff\xfd\x00')
        line.wait(0.05)


pieces = st.sampled_from([b'\xff', b'\xff\xff\xfd', b'\xfd', b'\x00', b'\x01\x02'])


@given(st.lists(pieces, max_size=30).map(b''.join))
def test_no_answer_has_a_header_inside(data):
    assert status_packet(1, 0, data).find(b'\xff\xff\xfd\x00', 1) == -1


@given(value=st.lists(pieces, min_size=4, max_size=12).map(lambda items: b''.join(items)[:4]))
@patient
def test_stuffed_writes_arrive_unstuffed(bench, packets, value):
    dxl = bench('dynamixel')
    dxl.ask(packets.dynamixel(1, 3, 112, 0, *value))
    assert dxl.servo(1).registers.read(112, len(value)) == value


def test_a_wrong_crc_is_not_answered(dxl):
    assert dxl.ask(packet('FFFFFD00010300 01 194F')) == []


def test_broadcast_ping_is_answered_by_all_in_order_of_id(bench, packets):
    dxl = bench('dynamixel', ids=(7, 2, 5))
    assert [reply[4] for reply in dxl.ask(packets.dynamixel(0xFE, 1))] == [2, 5, 7]


def test_fast_sync_read_is_one_packet_with_a_crc_after_every_servo(dxl, packets):
    (reply,) = dxl.ask(packets.dynamixel(0xFE, 0x8A, 132, 0, 4, 0, 1, 2, 3))
    assert int.from_bytes(reply[5:7], 'little') == len(reply) - 7
    for index in range(3):
        part = reply[8 + 8 * index : 16 + 8 * index]
        assert part[:6] == bytes([0, index + 1]) + (2048).to_bytes(4, 'little')
        crc = crc16(reply[: 14 + 8 * index])
        assert part[6:] == crc.to_bytes(2, 'little')


def test_fast_sync_read_ends_before_a_dead_servo(dxl, packets):
    dxl.faults.dead.add(2)
    (reply,) = dxl.ask(packets.dynamixel(0xFE, 0x8A, 132, 0, 4, 0, 1, 2, 3))
    assert len(reply) == 16


def test_bulk_read_and_bulk_write_mix_addresses(dxl, packets):
    wanted = [1, 132, 0, 4, 0, 2, 7, 0, 1, 0]
    replies = dxl.ask(packets.dynamixel(0xFE, 0x92, *wanted))
    assert [reply[9:-2] for reply in replies] == [(2048).to_bytes(4, 'little'), b'\x02']
    given_ = [1, 64, 0, 1, 0, 1, 2, 112, 0, 4, 0, 77, 0, 0, 0]
    assert dxl.ask(packets.dynamixel(0xFE, 0x93, *given_)) == []
    assert dxl.servo(1).model.torque_on
    assert dxl.servo(2).registers.get('profile_velocity') == 77


@pytest.mark.parametrize(
    ('address', 'data', 'expected'),
    [
        (64, [1], 0),
        (64, [2], 4),  # data range
        (7, [9], 0),
        (132, [0, 0, 0, 0], 7),  # read only: access
        (200, [1], 7),
        (116, [0xFF, 0x0F, 0, 0], 6),  # beyond the position limit
        (11, [16], 4),  # a mode that is not emulated
    ],
)
def test_writes_get_the_error_of_the_manual(dxl, host, address, data, expected):
    assert error(host(dxl).write(1, address, data)) == expected


def test_eeprom_is_closed_while_torque_is_on(dxl, host):
    host(dxl).torque(1)
    assert error(host(dxl).write(1, 7, [9])) == 7
    host(dxl).torque(1, False)
    assert error(host(dxl).write(1, 7, [9])) == 0
    assert host(dxl).position(9) is not None


def test_unknown_instructions_are_refused(dxl, packets):
    assert error(dxl.ask(packets.dynamixel(1, 0x44))) == 2


@pytest.mark.parametrize(('level', 'answers'), [(0, (0, 0)), (1, (1, 0)), (2, (1, 1))])
def test_status_level_chooses_what_is_answered(dxl, host, packets, level, answers):
    host(dxl).write(1, 68, [level])
    read = dxl.ask(packets.dynamixel(1, 2, 132, 0, 4, 0))
    write = dxl.ask(packets.dynamixel(1, 3, 65, 0, 1))
    assert (len(read), len(write)) == answers
    assert len(dxl.ask(packets.dynamixel(1, 1))) == 1


def test_a_hardware_error_lets_go_until_a_reboot(dxl, host, packets):
    host(dxl).torque(1)
    dxl.faults.overheat.add(1)
    dxl.wait(0.1)
    assert not dxl.servo(1).model.torque_on
    assert error(dxl.ask(packets.dynamixel(1, 1))) == ALERT
    assert host(dxl).read(1, 70, 1) == b'\x04'
    dxl.faults.overheat.clear()
    dxl.servo(1).model.temperature = 25.0
    assert error(host(dxl).torque(1)) == ALERT | 1
    dxl.ask(packets.dynamixel(1, 8))
    assert error(host(dxl).torque(1)) == 0
    assert dxl.servo(1).model.torque_on


def test_low_voltage_is_told_and_does_not_let_go_unless_asked_for(dxl, host):
    host(dxl).torque(1)
    host(dxl).torque(2, False)
    dxl.servo(2).registers.store('shutdown', 0b110101)
    host(dxl).torque(2)
    dxl.supply(3.2)
    assert host(dxl).read(1, 70, 1) == b'\x01'
    assert [dxl.servo(i).model.torque_on for i in (1, 2)] == [True, False]


def test_the_bus_watchdog_stops_the_arm_and_refuses_goals_until_it_is_reset(dxl, host):
    host(dxl).torque(1)
    host(dxl).write(1, 112, (50).to_bytes(4, 'little'))
    host(dxl).goal(1, 2900)
    host(dxl).write(1, 98, [5])  # 100 ms
    dxl.wait(0.09)
    assert dxl.servo(1).registers.get('bus_watchdog') == 5
    dxl.wait(0.03)
    assert dxl.servo(1).registers.get('bus_watchdog') == 0xFF
    dxl.wait(1.0)
    assert dxl.servo(1).model.speed == 0
    assert error(host(dxl).goal(1, 2000)) == 4
    host(dxl).write(1, 98, [0])
    assert error(host(dxl).goal(1, 2000)) == 0


def test_traffic_keeps_the_bus_watchdog_quiet(dxl, host):
    host(dxl).write(1, 98, [5])
    for _ in range(10):
        dxl.wait(0.05)
        host(dxl).position(2)
    assert dxl.servo(1).registers.get('bus_watchdog') == 5


@pytest.mark.parametrize('reverse', [0, 1])
@pytest.mark.parametrize('offset', [-700, 0, 300])
def test_drive_mode_and_offset_move_present_and_goal_alike(bench, host, reverse, offset):
    free = {'tick_min': None, 'tick_max': None, 'homing_offset': offset}
    dxl = bench('dynamixel', joint=free)
    servo = dxl.servo(1)
    servo.registers.store('drive_mode', reverse)
    actual = servo.model.shaft
    assert host(dxl).position(1) == (-actual if reverse else actual) + offset
    servo.registers.store('operating_mode', 4)
    host(dxl).torque(1)
    host(dxl).goal(1, 1500)
    dxl.wait(5.0)
    assert host(dxl).position(1) == 1500


def test_turns_are_counted_in_extended_mode_and_lost_at_power_off(bench, host):
    dxl = bench('dynamixel', joint={'tick_min': None, 'tick_max': None})
    host(dxl).write(1, 11, [4])
    host(dxl).torque(1)
    host(dxl).goal(1, 10_000)
    dxl.wait(10.0)
    assert host(dxl).position(1) == 10_000
    dxl.supply(0.0)
    dxl.supply(5.0)
    assert host(dxl).position(1) == 10_000 % 4096


def test_velocity_mode_turns_at_0_229_rpm_a_unit(dxl, bench, host):
    dxl = bench('dynamixel', joint={'tick_min': None, 'tick_max': None})
    host(dxl).write(1, 11, [1])
    host(dxl).torque(1)
    host(dxl).write(1, 104, (-100).to_bytes(4, 'little', signed=True))
    dxl.wait(1.0)
    before = host(dxl).position(1)
    dxl.wait(59.99)
    turns = (host(dxl).position(1) - before) / 4096
    assert turns == pytest.approx(-22.9, rel=1e-3)
    assert host(dxl).read(1, 128, 4) == (-100).to_bytes(4, 'little', signed=True)


def test_profile_registers_set_the_motion(dxl, host):
    host(dxl).torque(1)
    host(dxl).write(1, 108, (10).to_bytes(4, 'little') + (100).to_bytes(4, 'little'))
    model = dxl.servo(1).model
    assert model.acceleration_limit == pytest.approx(10 * 214.577 / 3600 * 4096)
    assert model.speed_limit == pytest.approx(100 * 0.229 / 60 * 4096)


def test_current_based_position_limits_the_torque(dxl, host):
    host(dxl).write(1, 11, [5])
    host(dxl).write(1, 102, (735).to_bytes(2, 'little'))
    assert dxl.servo(1).model.torque_limit == pytest.approx(0.5)


def test_factory_reset_spares_what_the_option_says(dxl, packets):
    dxl.servo(3).registers.store('velocity_limit', 5)
    assert len(dxl.ask(packets.dynamixel(3, 6, 2))) == 1
    assert dxl.servo(3).baud == 1_000_000
    assert dxl.servo(3).registers.get('velocity_limit') == 265
