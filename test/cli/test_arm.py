"""The command line of `ik_gd arm`: what cannot work is said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ik_gd.cli.main import main
from ik_gd.nodes.graph import HARDWARE, HARDWARE_ARGUMENTS

SO101 = str(Path(__file__).parents[2] / 'config' / 'so101_calibration.yaml')


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--calibration', '/no/where.yaml'], 'cannot read the calibration /no/where.yaml'),
        (['--calibration', SO101, '--duration', '-1'], '--duration -1 s is not above 0'),
        (['--calibration', SO101, '--emulate', '--port', '/dev/x'], 'leave --port /dev/x away'),
        (['--calibration', SO101, '--tip', 'nose'], 'nose'),
        (['--calibration', SO101, '--port', '/dev/no'], 'there is no port /dev/no: plug the'),
        (['--calibration', SO101, '--report', '/no/where.json'], 'there is no such folder'),
    ],
)
def test_bad_options_are_one_line_and_start_nothing(words, told, capsys):
    assert main(['arm', *words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith('ik_gd arm: ') and error.count('\n') == 1


def test_every_parameter_of_the_graph_has_its_argument():
    names = {argument.name for argument in HARDWARE_ARGUMENTS}
    for entry in HARDWARE:
        assert set(entry.parameters.values()) <= names
