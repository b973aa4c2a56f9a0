"""After a warm-up nothing is left to compile or to load: a tick that does is late."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import importlib, pkgutil, sys
from numba.core.registry import CPUDispatcher
from ik_gd.core import kernels
from ik_gd.core.follower import FollowerSettings
from ik_gd.core.warm_up import warm_up
from test_follower_storm import KINDS, Storm

def loaded():
    for module in pkgutil.iter_modules(kernels.__path__):
        names = vars(importlib.import_module(f'{kernels.__name__}.{module.name}'))
        for name, value in names.items():
            if isinstance(value, CPUDispatcher):
                yield from ((name, signature) for signature in value.signatures)

storms = [Storm(sys.argv[1], kind, seed) for seed, kind in enumerate(KINDS)]
for storm in storms:
    warm_up(storm.rig.chain, storm.rig.solver, FollowerSettings())
before = set(loaded())
for storm in storms:
    storm.run(3000)
for name, signature in set(loaded()) - before:
    print(name, signature)
"""


@pytest.mark.parametrize('arm', ['panda', 'five'])
def test_ticks_load_no_machine_code(arm: str) -> None:
    paths = [ROOT, ROOT / 'test' / 'support', ROOT / 'test' / 'core']
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, arm],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ''
