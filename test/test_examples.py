"""The examples run as they stand, and do what their pictures claim."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_example(name: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / 'examples' / name), *words],
        capture_output=True,
        text=True,
        timeout=170,
        cwd=ROOT,
        env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin', 'HOME': str(Path.home())},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tentacle_touches_its_target_with_every_term(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib draws the picture')
    picture = tmp_path / 'tentacle.png'
    said = run_example('tentacle.py', '--joints', '20', '--out', str(picture))
    assert picture.read_bytes().startswith(b'\x89PNG')
    rows = re.findall(r'converged .* unevenness ([\d.]+), in the ball (\S+) m', said)
    assert len(rows) == 3
    unevenness, intrusion = ([float(row[i]) for row in rows] for i in range(2))
    assert unevenness[1] < 0.5 * unevenness[0]
    assert intrusion[1] > 1e-3  # the ball is in the way ...
    assert intrusion[2] < 1e-2 * intrusion[1]  # ... and the term keeps out of it


def test_spider_stands_leans_and_waves(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib draws the picture')
    picture = tmp_path / 'spider.png'
    said = run_example('spider.py', '--out', str(picture))
    assert picture.read_bytes().startswith(b'\x89PNG')
    errors = re.findall(r'converged: 30 joints, 9 tips, at most (\S+) m off', said)
    assert len(errors) == 3
    assert all(float(error) <= 1e-5 for error in errors)
