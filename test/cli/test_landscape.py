"""`ik_gd landscape`: the picture of the tutorial's two joints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('matplotlib', reason='matplotlib draws the pictures')

from ik_gd.cli import landscape
from ik_gd.cli.main import main
from ik_gd.core.chain import Chain
from ik_gd.core.pose import Pose

PLANAR = Path(__file__).parents[2] / 'urdf/planar2.urdf'
SO101 = Path(__file__).parents[2] / 'urdf/so101.urdf'
PNG = b'\x89PNG'


def test_draws_two_joints_and_says_how_many_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / 'landscape.png'
    assert main(['landscape', str(PLANAR), '--out', str(picture)]) == 0
    assert picture.read_bytes().startswith(PNG)
    said = capsys.readouterr().out
    assert all(rule in said for rule in ('fixed:sampled ', 'momentum ', 'damped '))


def test_draws_any_two_joints_of_an_arm(tmp_path: Path) -> None:
    picture = tmp_path / 'arm.png'
    words = [str(SO101), '--tip', 'gripper_frame_link', '--joints', 'elbow_flex,shoulder_lift']
    words += ['--target', '0.25,0,0.2', '--rules', 'damped,fixed:sampled', '--iterations', '20']
    assert main(['landscape', *words, '--out', str(picture)]) == 0
    assert picture.read_bytes().startswith(PNG)


def test_the_heights_are_distances_of_the_tip() -> None:
    chain = Chain.from_urdf(PLANAR)
    target = Pose(chain.forward([0.5, -0.7]).position)
    first, second = np.linspace(-1.0, 1.0, 5), np.linspace(-0.7, 0.7, 3)
    heights = landscape.distances(chain, target, chain.middle, [0, 1], first, second)
    assert heights.shape == (3, 5)
    # two links of 0.20 and 0.15 m in a plane, written out
    for i, b in enumerate(second):
        for j, a in enumerate(first):
            tip = [0.2 * np.cos(a) + 0.15 * np.cos(a + b), 0.2 * np.sin(a) + 0.15 * np.sin(a + b)]
            goal = [
                0.2 * np.cos(0.5) + 0.15 * np.cos(-0.2),
                0.2 * np.sin(0.5) + 0.15 * np.sin(-0.2),
            ]
            assert heights[i, j] == pytest.approx(np.hypot(*np.subtract(tip, goal)), abs=1e-9)


def test_solve_draws_how_every_rule_descends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / 'rules.png'
    words = [str(SO101), '--tip', 'gripper_frame_link', '--xyz', '0.2', '0.05', '0.2']
    assert main(['solve', *words, '--plot', str(picture)]) == 0
    assert picture.read_bytes().startswith(PNG)
    assert 'converged' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'complaint'),
    [
        (['--joints', 'shoulder,wrist'], 'must be two of shoulder, elbow'),
        (['--joints', 'elbow,elbow'], 'must be two of shoulder, elbow'),
        (['--target', '1,2'], 'must be 3 numbers'),
        (['--target', 'nan,0,0'], 'must be 3 numbers'),
        (['--start', '9,0'], '--start 9 is outside -2.8 .. 2.8'),
        (['--rules', 'magic'], "'magic'"),
        (['--out', '/nonexistent/x.png'], 'cannot write the picture /nonexistent/x.png'),
    ],
)
def test_says_in_one_line_what_it_cannot_use(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if '--out' in words else ['--out', str(tmp_path / 'x.png')]
    assert main(['landscape', str(PLANAR), *words, *out]) == 1
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count('\n') == 1


def test_says_in_one_line_that_matplotlib_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.delitem(sys.modules, 'ik_gd.cli.plots', raising=False)
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    assert main(['landscape', str(PLANAR), '--out', str(tmp_path / 'x.png')]) == 1
    assert capsys.readouterr().err == (
        'ik_gd landscape: pictures need matplotlib: pip install matplotlib\n'
    )
