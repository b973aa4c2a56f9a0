"""Control tables of the Feetech STS / SMS and SCS series, as data.

Source: Feetech's memory tables and the address constants of its FTServo_Python SDK.
"""

from __future__ import annotations

from ik_gd.arms.servo.emulator.register_file import Register

EEPROM = range(40)
BAUD_RATES = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)

_COMMON = (
    Register(0, 1, 'firmware_major', 3, writable=False),
    Register(1, 1, 'firmware_minor', 10, writable=False),
    Register(3, 2, 'model', writable=False),
    Register(5, 1, 'id', 1),
    Register(6, 1, 'baud', 0),
    Register(7, 1, 'return_delay', 0),
    Register(8, 1, 'response_level', 1),
    Register(9, 2, 'min_angle', 0),
    Register(13, 1, 'max_temperature', 70),
    Register(14, 1, 'max_voltage', 80),
    Register(15, 1, 'min_voltage', 40),
    Register(16, 2, 'max_torque', 1000),
    Register(19, 1, 'unloading_condition', 0b101100),
    Register(20, 1, 'led_alarm', 0b101111),
    Register(21, 1, 'p_gain', 32),
    Register(22, 1, 'd_gain', 32),
    Register(23, 1, 'i_gain', 0),
    Register(24, 2, 'startup_force', 16),
    Register(26, 1, 'cw_dead_zone', 1),
    Register(27, 1, 'ccw_dead_zone', 1),
    Register(40, 1, 'torque', 0),
    Register(41, 1, 'acceleration', 0),
    Register(42, 2, 'goal_position', 0),
    Register(44, 2, 'goal_time', 0),
    Register(46, 2, 'goal_speed', 0),
    Register(56, 2, 'position', writable=False),
    Register(58, 2, 'speed', writable=False),
    Register(60, 2, 'load', writable=False),
    Register(62, 1, 'voltage', writable=False),
    Register(63, 1, 'temperature', writable=False),
    Register(64, 1, 'registered', writable=False),
    Register(65, 1, 'status', writable=False),
    Register(66, 1, 'moving', writable=False),
)

STS = (
    *_COMMON,
    Register(11, 2, 'max_angle', 4095),
    Register(18, 1, 'phase', 0b1100),
    Register(28, 2, 'protection_current', 500),
    Register(30, 1, 'angular_resolution', 1),
    Register(31, 2, 'homing_offset', 0),
    Register(33, 1, 'mode', 0),
    Register(34, 1, 'protective_torque', 20),
    Register(35, 1, 'protection_time', 200),
    Register(36, 1, 'overload_torque', 80),
    Register(37, 1, 'speed_p_gain', 10),
    Register(38, 1, 'overcurrent_time', 200),
    Register(39, 1, 'speed_i_gain', 10),
    Register(48, 2, 'torque_limit', 1000),
    Register(55, 1, 'lock', 1),
    Register(69, 2, 'current', writable=False),
)

SCS = (
    *_COMMON,
    Register(11, 2, 'max_angle', 1023),
    Register(37, 1, 'protective_torque', 20),
    Register(38, 1, 'protection_time', 200),
    Register(39, 1, 'overload_torque', 80),
    Register(48, 1, 'lock', 1),
)
