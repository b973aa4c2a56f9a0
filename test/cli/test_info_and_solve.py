"""`ik_gd info` and `ik_gd solve` on shipped arms."""

import re

import numpy as np
import pytest
from node_bench import DESK6

from ik_gd.cli.main import main
from ik_gd.core.chain import Chain


def test_info_names_every_joint_its_limits_and_the_reach(capsys):
    assert main(['info', str(DESK6)]) == 0
    out = capsys.readouterr().out
    chain = Chain.from_urdf(DESK6)
    for name, lower, upper in zip(chain.joint_names, chain.lower, chain.upper, strict=True):
        row = next(line for line in out.splitlines() if line.startswith(name))
        assert f'{lower:.4g}' in row and f'{upper:.4g}' in row
    assert f'{chain.reach:.4g} m' in out


@pytest.mark.parametrize(
    ('turn', 'matrix_column'),
    [
        (('--rpy', '0', '1.5707963', '0'), (0.0, 0.0, -1.0)),
        (('--quaternion', '0', '0', '0', '1'), (1, 0, 0)),
    ],
)
def test_solve_prints_joints_that_bring_the_tip_there(capsys, turn, matrix_column):
    assert main(['solve', str(DESK6), '--xyz', '0.3', '0.05', '0.25', *turn]) == 0
    out = capsys.readouterr().out
    chain = Chain.from_urdf(DESK6)
    q = [
        float(re.search(rf'^{name} +(\S+) rad', out, re.M).group(1)) for name in chain.joint_names
    ]
    tip = chain.forward(np.array(q))
    np.testing.assert_allclose(tip.position, (0.3, 0.05, 0.25), atol=1e-4)
    np.testing.assert_allclose(tip.matrix[:3, 0], matrix_column, atol=1e-4)
    assert 'converged' in out


def test_solve_of_a_target_out_of_reach_says_so_and_is_not_a_success(capsys):
    assert main(['solve', str(DESK6), '--xyz', '3', '0', '0']) == 1
    out = capsys.readouterr().out
    assert 'base_yaw' in out  # the best that was found
    assert 'converged' not in out


def test_a_start_of_another_length_names_the_joints(capsys):
    assert main(['solve', str(DESK6), '--xyz', '0.3', '0', '0.2', '--start', '1', '2']) == 1
    assert 'base_yaw' in capsys.readouterr().err
