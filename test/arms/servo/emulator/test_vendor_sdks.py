"""Vendors' own programs, and rustypot, drive the emulator through its port.

They come with requirements/servo-oracles.txt; what is not installed is skipped.
"""

import math
import time

import pytest

from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus

IDS = (1, 2, 3)
PATIENCE = 10.0  # [s] nothing takes that long; a busy machine may


def sdk(name, package):
    return pytest.importorskip(
        name, reason=f'{package} (requirements/servo-oracles.txt) is absent'
    )


@pytest.fixture
def bus_of(bench):
    made = []

    def make(driver, **options):
        made.append(VirtualBus.from_calibration(bench(driver, **options).calibration))
        return made[-1]

    yield make
    for bus in made:
        bus.close()


def arrives(read, goal, tolerance=0):
    """Wait until `read` gives the goal; a servo needs its time."""
    deadline = time.monotonic() + PATIENCE
    while abs(read() - goal) > tolerance:
        assert time.monotonic() < deadline, f'{read()} is not {goal}'
    return True


class TestDynamixelSdk:
    @pytest.fixture
    def sdk(self):
        return sdk('dynamixel_sdk', 'dynamixel-sdk')

    @pytest.fixture
    def bus(self, bus_of):
        return bus_of('dynamixel')

    @pytest.fixture
    def port(self, sdk, bus):
        port = sdk.PortHandler(bus.path)
        assert port.openPort()
        assert port.setBaudRate(1_000_000)
        # its own time-out is some milliseconds, which a busy machine may miss
        port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(1000 * PATIENCE)
        yield port
        port.closePort()

    @pytest.fixture
    def handler(self, sdk):
        return sdk.PacketHandler(2.0)

    def test_ping_and_reboot(self, handler, port):
        assert handler.ping(port, 2) == (1200, 0, 0)
        assert handler.reboot(port, 2) == (0, 0)

    def test_read_write_and_refusal(self, handler, port, bus):
        assert handler.read4ByteTxRx(port, 1, 132) == (2048, 0, 0)
        assert handler.write1ByteTxRx(port, 1, 64, 1) == (0, 0)
        assert handler.write4ByteTxRx(port, 1, 116, 2500) == (0, 0)
        assert handler.write1ByteTxRx(port, 1, 7, 9) == (0, 7)
        assert handler.write4ByteTxRx(port, 1, 116, 4000) == (0, 6)
        assert arrives(lambda: handler.read4ByteTxRx(port, 1, 132)[0], 2500)
        assert bus.servo(1).goal_ticks == 2500

    @pytest.mark.parametrize('method', ['txRxPacket', 'fastSyncRead'])
    def test_sync_read(self, sdk, handler, port, bus, method):
        group = sdk.GroupSyncRead(port, handler, 126, 21)
        for servo_id in IDS:
            bus.servo(servo_id).place(2000 + servo_id)
            assert group.addParam(servo_id)
        assert getattr(group, method)() == sdk.COMM_SUCCESS
        assert [group.getData(i, 132, 4) for i in IDS] == [2001, 2002, 2003]
        assert [group.getData(i, 144, 2) for i in IDS] == [50, 50, 50]
        assert [group.getData(i, 146, 1) for i in IDS] == [25, 25, 25]

    def test_sync_write(self, sdk, handler, port, bus):
        group = sdk.GroupSyncWrite(port, handler, 116, 4)
        for servo_id in IDS:
            assert handler.write1ByteTxRx(port, servo_id, 64, 1) == (0, 0)
            assert group.addParam(servo_id, list((2100 + servo_id).to_bytes(4, 'little')))
        assert group.txPacket() == sdk.COMM_SUCCESS
        for servo_id in IDS:
            assert arrives(lambda i=servo_id: bus.servo(i).position_ticks, 2100 + servo_id)

    def test_bulk_read_and_write(self, sdk, handler, port, bus):
        write = sdk.GroupBulkWrite(port, handler)
        assert write.addParam(1, 64, 1, [1])
        assert write.addParam(2, 112, 4, [77, 0, 0, 0])
        assert write.txPacket() == sdk.COMM_SUCCESS
        read = sdk.GroupBulkRead(port, handler)
        assert read.addParam(1, 64, 1)
        assert read.addParam(2, 112, 4)
        assert read.txRxPacket() == sdk.COMM_SUCCESS
        assert (read.getData(1, 64, 1), read.getData(2, 112, 4)) == (1, 77)
        assert bus.servo(1).torque

    def test_it_unstuffs_what_the_emulator_stuffs(self, handler, port, bus):
        bus.servo(1).set_register('profile_velocity', 0x00FDFFFF)
        assert handler.read4ByteTxRx(port, 1, 112) == (0x00FDFFFF, 0, 0)


class TestFtservoSdk:
    @pytest.fixture
    def sdk(self):
        return sdk('scservo_sdk', 'ftservo-python-sdk')

    @pytest.fixture
    def port(self, sdk, bus):
        port = sdk.PortHandler(bus.path)
        assert port.openPort()
        assert port.setBaudRate(1_000_000)
        port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(1000 * PATIENCE)
        yield port
        port.closePort()

    @pytest.fixture
    def bus(self, bus_of, request):
        return bus_of(getattr(request, 'param', 'feetech_sts'))

    def test_ping_and_positions(self, sdk, port, bus):
        sts = sdk.sms_sts(port)
        assert sts.ping(1) == (777, 0, 0)
        assert sts.WritePosEx(1, 2500, 0, 0) == (0, 0)
        assert arrives(lambda: sts.ReadPos(1)[0], 2500)
        assert arrives(lambda: sts.ReadSpeed(1)[0], 0)
        assert sts.ReadPosSpeed(1) == (2500, 0, 0, 0)
        assert sts.WritePosEx(1, 1100, 500, 50) == (0, 0)
        assert arrives(lambda: sts.ReadSpeed(1)[0], -500)
        assert sts.ReadMoving(1) == (1, 0, 0)

    def test_registered_writes(self, sdk, port, bus):
        sts = sdk.sms_sts(port)
        assert sts.RegWritePosEx(1, 2300, 0, 0) == (0, 0)
        assert bus.servo(1).goal_ticks is None
        sts.RegAction()
        assert arrives(lambda: bus.servo(1).position_ticks, 2300)

    def test_wheel_mode(self, sdk, port, bus):
        sts = sdk.sms_sts(port)
        assert sts.WheelMode(1) == (0, 0)
        sts.write1ByteTxRx(1, 40, 1)
        assert sts.WriteSpec(1, -300, 50) == (0, 0)
        assert arrives(lambda: sts.ReadSpeed(1)[0], -300)

    def test_sync_read_and_write(self, sdk, port, bus):
        sts = sdk.sms_sts(port)
        for servo_id in IDS:
            assert sts.SyncWritePosEx(servo_id, 2200 + servo_id, 0, 0)
        assert sts.groupSyncWrite.txPacket() == 0
        for servo_id in IDS:
            assert arrives(lambda i=servo_id: bus.servo(i).position_ticks, 2200 + servo_id)
        group = sdk.GroupSyncRead(sts, 56, 15)
        for servo_id in IDS:
            assert group.addParam(servo_id)
        assert group.txRxPacket() == 0
        assert [group.getData(i, 56, 2) for i in IDS] == [2201, 2202, 2203]
        assert [group.getData(i, 62, 1) for i in IDS] == [74, 74, 74]

    def test_eeprom_lock(self, sdk, port, bus):
        sts = sdk.sms_sts(port)
        assert sts.unLockEprom(1) == (0, 0)
        assert sts.write1ByteTxRx(1, 5, 9) == (0, 0)
        assert sts.LockEprom(9) == (0, 0)
        bus.power_off()
        bus.power_on()
        assert sts.ping(9) == (777, 0, 0)

    @pytest.mark.parametrize('bus', ['feetech_scs'], indirect=True)
    def test_the_scs_series(self, sdk, port, bus):
        scs = sdk.scscl(port)
        assert scs.ping(1) == (1284, 0, 0)
        assert scs.WritePos(1, 700, 0, 0) == (0, 0)
        assert arrives(lambda: scs.ReadPos(1)[0], 700)
        assert arrives(lambda: scs.ReadSpeed(1)[0], 0)
        assert scs.ReadPosSpeed(1) == (700, 0, 0, 0)


class TestLewansoul:
    @pytest.fixture
    def controller(self, bus):
        serial = sdk('serial', 'pyserial')
        module = sdk('lewansoul_lx16a', 'lewansoul-lx16a')
        with serial.Serial(bus.path, 115_200) as port:
            yield module.ServoController(port, timeout=PATIENCE)

    @pytest.fixture
    def bus(self, bus_of):
        return bus_of('lx16a')

    def test_move_and_position(self, controller, bus):
        controller.move(1, 700, 300)
        assert arrives(lambda: controller.get_position(1), 700)
        bus.servo(2).place(-7)
        assert controller.get_position(2) == -7

    def test_prepared_moves(self, controller):
        controller.move_prepare(1, 800, 100)
        assert controller.get_prepared_move(1) == (800, 100)
        controller.move_start()
        assert arrives(lambda: controller.get_position(1), 800)

    def test_torque(self, controller, bus):
        assert not controller.is_motor_on(1)
        controller.motor_on(1)
        assert controller.is_motor_on(1)
        assert bus.servo(1).torque
        controller.motor_off(1)
        assert not controller.is_motor_on(1)

    def test_settings(self, controller):
        controller.set_position_limits(1, 100, 900)
        controller.set_voltage_limits(1, 5000, 9000)
        controller.set_max_temperature_limit(1, 70)
        controller.set_position_offset(1, -30)
        controller.led_off(1)
        controller.set_led_errors(1, 5)
        assert controller.get_position_limits(1) == (100, 900)
        assert controller.get_voltage_limits(1) == (5000, 9000)
        assert controller.get_max_temperature_limit(1) == 70
        assert controller.get_position_offset(1) == -30
        assert controller.get_position(1) == 470
        assert not controller.is_led_on(1)
        assert controller.get_led_errors(1) == 5

    def test_health_id_and_motor_mode(self, controller):
        assert controller.get_voltage(1) == 7400
        assert controller.get_temperature(1) == 25
        controller.set_servo_id(3, 12)
        assert controller.get_servo_id(12) == 12
        controller.set_motor_mode(1, -400)
        assert (controller.get_mode(1), controller.get_motor_speed(1)) == (1, -400)
        controller.set_servo_mode(1)
        assert controller.get_mode(1) == 0


class TestRustypot:
    @pytest.fixture
    def rustypot(self):
        return sdk('rustypot', 'rustypot')

    def test_dynamixel_positions(self, rustypot, bus_of):
        bus = bus_of('dynamixel')
        servos = rustypot.Xl330PyController(bus.path, 1_000_000, PATIENCE)
        assert servos.ping(2)
        servos.sync_write_torque_enable(list(IDS), [True] * 3)
        servos.sync_write_goal_position(list(IDS), [0.1, 0.2, -0.3])
        for servo_id, goal in zip(IDS, (0.1, 0.2, -0.3), strict=True):
            tick = 2048 + round(goal * 4096 / math.tau)
            assert arrives(lambda i=servo_id: bus.servo(i).position_ticks, tick, 1)
        shown = servos.sync_read_present_position(list(IDS))
        assert shown == pytest.approx([0.1, 0.2, -0.3], abs=0.002)
        servos.close()

    @pytest.mark.parametrize('value', [0x00FDFFFF, 0xFDFFFF00, 0xFFFFFDFD])
    def test_dynamixel_stuffing_both_ways(self, rustypot, bus_of, value):
        bus = bus_of('dynamixel')
        servos = rustypot.Xl330PyController(bus.path, 1_000_000, PATIENCE)
        servos.write_profile_velocity(1, value)
        assert bus.servo(1).register('profile_velocity') == value
        assert servos.read_profile_velocity(1) == [value]
        servos.close()

    def test_feetech_positions(self, rustypot, bus_of):
        bus = bus_of('feetech_sts', joint={'homing_offset': -300})
        servos = rustypot.Sts3215PyController(bus.path, 1_000_000, PATIENCE)
        assert servos.read_model(1) == [777]
        servos.sync_write_raw_goal_position(list(IDS), [1500, 2500, 2800])
        for servo_id, goal in zip(IDS, (1500, 2500, 2800), strict=True):
            assert arrives(lambda i=servo_id: bus.servo(i).position_ticks, goal)
        assert servos.sync_read_raw_present_position(list(IDS)) == [1500, 2500, 2800]
        offset = -300 * math.tau / 4096
        assert servos.read_offset(1) == pytest.approx([offset], abs=0.001)  # of a tick: 0.0015
        servos.close()

    def test_feetech_broadcast_scan(self, rustypot, bus_of):
        bus = bus_of('feetech_sts', ids=(4, 7, 9))
        servos = rustypot.Sts3215PyController(bus.path, 1_000_000, PATIENCE)
        assert servos.broadcast_scan([4, 7, 8, 9]) == {4: 777, 7: 777, 9: 777}
        servos.close()

    def test_scs_positions(self, rustypot, bus_of):
        bus = bus_of('feetech_scs')
        kind = rustypot.Scs0009PyController.definition()
        with rustypot.Bus(bus.path, 1_000_000, PATIENCE, dict.fromkeys(IDS, kind)) as servos:
            servos.write_register(1, 'goal_position', 300)
            assert arrives(lambda: servos.read_register(1, 'present_position'), 300)
            assert servos.sync_read_register(list(IDS), 'present_position') == [300, 512, 512]
            assert servos.read_register(1, 'model') == 1284
