"""The emulator can only prove the driver if it shares nothing with it."""

import subprocess
import sys

PROGRAM = """
import sys
import ik_gd.arms.servo.emulator.command
print('\\n'.join(sys.modules))
"""


def test_the_emulator_shares_no_code_with_the_driver_and_stays_light():
    out = subprocess.run([sys.executable, '-c', PROGRAM], capture_output=True, text=True)
    loaded = set(out.stdout.split())
    assert 'ik_gd.arms.servo.emulator.virtual_bus' in loaded
    ours = {name for name in loaded if name.startswith('ik_gd.arms.servo.')}
    assert all(name.startswith('ik_gd.arms.servo.emulator') for name in ours)
    assert not loaded & {'numba', 'numpy', 'pybullet', 'rclpy', 'serial'}
