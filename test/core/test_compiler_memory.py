"""The compiler's own pages are given back, and come back when it is needed again."""

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from ik_gd.core.compiler_memory import release_compiler
from numba import njit

def resident():  # [kB]
    fields = dict(line.split(':') for line in Path('/proc/self/status').read_text().splitlines())
    return int(fields['VmRSS'].split()[0])

@njit
def compiled_before(x):
    return x + 1

@njit
def compiled_after(x):
    return x + 2

assert compiled_before(1) == 2
before = resident()
release_compiler()
print(before - resident())
assert compiled_before(1) == 2
assert compiled_after(1) == 3
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells what is resident')
def test_pages_of_the_compiler_are_given_back_and_it_works_again() -> None:
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20_000  # [kB]
