"""A virtual servo arm in a process of its own, so that a busy test does not hold its servos up.

The child answers each line of its standard input with a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class VirtualArmProcess:
    """The arm of a calibration file.

    Attributes:
        path: where a host opens its port.
    """

    def __init__(self, calibration: Path, backlash: float = 0.0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(calibration), str(backlash)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        self.path: str = self.ask('path')

    def ask(self, question: str) -> Any:
        """Put one of the questions and requests of `answers` to the arm."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(question, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10.0)


def answers(bus: Any, joints: list[str]) -> Mapping[str, Any]:
    """What the child can be asked."""
    return {
        'path': lambda: bus.path,
        'ticks': lambda: [bus.servo(joint).position_ticks for joint in joints],
        'torque': lambda: [bus.servo(joint).torque for joint in joints],
        'goals': lambda: [[tick for _, tick in bus.servo(joint).goals] for joint in joints],
        'unplug': bus.unplug,
        'replug': bus.replug,
    }


def main(calibration: str, backlash: str) -> None:
    from ik_gd.arms.servo.calibration_file import load_calibration
    from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus

    joints = list(load_calibration(calibration).joint_names)
    with VirtualBus.from_calibration(calibration, backlash=float(backlash)) as bus:
        known = answers(bus, joints)
        for line in sys.stdin:
            print(json.dumps(known[line.strip()]()), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
