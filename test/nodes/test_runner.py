"""How nodes end while they are still being made."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from ik_gd.nodes.runner import run

def make_node():
    print('making', flush=True)
    try:
        time.sleep(60.0 if {interruptible} else 1.0)
        print('made', flush=True)
    except Exception:
        print('the signal looked like an error', flush=True)
    raise KeyError('a node was not to be made')

sys.exit(run(make_node, [], can_be_interrupted={interruptible}))
"""


def start(interruptible: bool) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, '-c', PROGRAM.format(interruptible=interruptible)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == 'making\n'
    return process


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_a_node_that_is_still_being_made(ros_domain, number) -> None:
    process = start(interruptible=True)
    process.send_signal(number)
    out, err = process.communicate(timeout=30.0)
    assert (process.returncode, out, err) == (0, '', '')


def test_where_hardware_is_at_stake_a_node_is_made_to_the_end(ros_domain) -> None:
    process = start(interruptible=False)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30.0)
    assert out == 'made\n'
