"""The window shows the arm where it is and the target, and the physics does not wait for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ik_gd.arms.pybullet_arm import PyBulletArm, PyBulletSettings
from ik_gd.core.errors import ArmError
from ik_gd.core.pose import Pose

SO101 = Path(__file__).parents[2] / 'urdf' / 'so101.urdf'
PATIENCE = 60.0  # [s] drawing without a graphics card on a loaded machine is slow


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, 'waited in vain'
        time.sleep(0.05)


class Screen:
    """What a virtual X server shows, read from its frame buffer file (XWD, X11/XWDFile.h)."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pixels(self) -> np.ndarray:
        """Return the picture (height, width, 3), red first, as signed numbers."""
        data = self._file.read_bytes()
        header = np.frombuffer(data[:100], '>u4')
        start, width, height, line, colors = (int(header[i]) for i in (0, 4, 5, 12, 19))
        start += 12 * colors
        rows = np.frombuffer(data[start : start + line * height], np.uint8).reshape(height, line)
        return rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1].astype(int)

    def yellow(self) -> np.ndarray:
        """Return where the pixels have the colour of so101's printed parts."""
        red, green, blue = np.moveaxis(self.pixels(), 2, 0)
        return (red > 90) & (red - blue > 60) & (green - blue > 40)

    def pink(self) -> np.ndarray:
        """Return where the pixels have the colour of the target's ball."""
        red, green, blue = np.moveaxis(self.pixels(), 2, 0)
        return (red - green > 60) & (blue - green > 20)


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    if shutil.which('Xvfb') is None:
        pytest.skip('Xvfb is not installed (Debian package xvfb)')
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ['Xvfb', '-displayfd', str(writer), '-screen', '0', '960x720x24', '-fbdir', str(tmp_path)],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    assert number, 'Xvfb does not start'
    monkeypatch.setenv('DISPLAY', f':{number}')
    yield Screen(tmp_path / 'Xvfb_screen0')
    server.terminate()
    server.wait()


def test_the_window_mirrors_the_arm_and_the_target_and_its_end_is_told(screen: Screen) -> None:
    arm = PyBulletArm(SO101, PyBulletSettings(gui=True))
    wait_for(lambda: screen.yellow().sum() > 500)
    before = screen.yellow()
    assert screen.pink().sum() == 0

    arm.move_marker(Pose((0.1, -0.2, 0.3)))
    wait_for(lambda: screen.pink().sum() > 20)

    arm.write(np.array([-1.5, -1.0, 1.0, 0.0, 0.0, 0.0]))
    wait_for(lambda: (screen.yellow() ^ before).sum() > 500)

    arm._window._process.kill()
    with pytest.raises(ArmError, match='window of the simulation was closed'):
        wait_for(lambda: arm.read() is None)
    arm.close()


def test_closing_the_arm_closes_its_window(screen: Screen) -> None:
    arm = PyBulletArm(SO101, PyBulletSettings(gui=True))
    process = arm._window._process
    arm.close()
    assert process.poll() is not None


@pytest.mark.parametrize(
    ('display', 'complaint'),
    [('', 'DISPLAY is not set'), (':987', "cannot connect to the display ':987'")],
)
def test_without_a_display_it_says_so(monkeypatch, display, complaint) -> None:
    monkeypatch.setenv('DISPLAY', display)
    with pytest.raises(ArmError, match=complaint):
        PyBulletArm(SO101, PyBulletSettings(gui=True))
