"""`ik_gd sim` end to end: real nodes, PyBullet, the report; and what it refuses at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ik_gd.cli.bringup import Bringup, BringupError, node_command
from ik_gd.cli.main import main
from ik_gd.nodes.graph import IK_NODE, SIMULATION, NodeEntry, share_file, with_default_robot

ARGUMENTS = {
    'urdf': '',
    'base_link': '',
    'tip_link': '',
    'target': 'circle',
    'rate': 100.0,
    'gui': False,
    'config': '',
    'namespace': '',
}


def ik_gd(*words: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'ik_gd.cli', *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def test_the_simulated_arm_follows_the_target_and_the_report_tells_so(tmp_path: Path) -> None:
    report = tmp_path / 'report.json'
    process = ik_gd('sim', '--headless', '--duration', '4', '--report', str(report))
    out, err = process.communicate(timeout=170.0)
    assert process.returncode == 0, err
    assert 'first motion' in out
    assert 'Traceback' not in out + err
    figures = json.loads(report.read_text())
    assert figures['ticks'] > 50
    # PyBullet's own tip, on a machine that may be loaded; `make sim` shows what an idle one does.
    assert figures['tip_error_rms_m'] < 0.015
    assert figures['limit_violations'] == 0
    assert figures['velocity_violations'] == 0
    assert {'rate_hz', 'tip_error_max_m', 'tick_p50_ms', 'tick_p99_ms', 'period_p99_ms'} <= {
        *figures
    }


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_the_nodes_too_and_is_no_error(number: signal.Signals) -> None:
    process = ik_gd('sim', '--headless', '--target', 'none')
    assert process.stdout is not None
    for line in process.stdout:
        if 'simulating 6 joints' in line:
            break
    nodes = children_of(process.pid)
    assert len(nodes) == 2
    process.send_signal(number)
    _, err = process.communicate(timeout=30.0)
    assert process.returncode == 0, err
    assert not any(os.path.exists(f'/proc/{pid}') for pid in nodes)


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (('sim', '--urdf', '/nowhere/arm.urdf'), '/nowhere/arm.urdf'),
        (('sim', '--tip', 'nose'), 'nose'),
        (('sim', '--duration', '0'), '--duration'),
        (('sim', '--rate', '-5'), '--rate'),
        (('sim', '--report', '/nowhere/report.json'), '/nowhere'),
        (('sim', '--config', '/nowhere/ik.yaml'), '/nowhere/ik.yaml'),
        (('sim', '--gui'), 'DISPLAY'),
        (('info', '/nowhere/arm.urdf'), '/nowhere/arm.urdf'),
        (('info', __file__), 'XML'),
    ],
)
def test_what_cannot_work_is_one_line_and_an_exit_code(words, said, capsys, monkeypatch):
    monkeypatch.delenv('DISPLAY', raising=False)
    assert main(words) == 1
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert said in captured.err
    assert 'simulating' not in captured.out


def test_a_node_that_ends_by_itself_ends_the_bringup_with_its_last_words() -> None:
    values = {**with_default_robot(ARGUMENTS), 'tip_link': 'nose'}
    lines: list[str] = []
    with Bringup([IK_NODE], values, lines.append) as bringup:
        os.waitid(os.P_PID, bringup.process_ids['ik_node'], os.WEXITED | os.WNOWAIT)
        with pytest.raises(BringupError, match=r"ik_node has ended: .*'nose'"):
            bringup.check()
    assert any('nose' in line for line in lines)


def test_nodes_that_are_ended_at_once_leave_no_traceback() -> None:
    lines: list[str] = []
    with Bringup(SIMULATION, with_default_robot(ARGUMENTS), lines.append):
        pass
    assert not any('Traceback' in line or 'KeyboardInterrupt' in line for line in lines)


def test_every_argument_of_an_entry_becomes_a_parameter_and_empty_ones_do_not() -> None:
    command = node_command(
        NodeEntry('x_node', {'urdf': 'urdf', 'tip_link': 'tip_link'}, {'fixed': 1.5}),
        {**ARGUMENTS, 'urdf': 'a b.urdf', 'namespace': 'left', 'config': 'c.yaml'},
    )
    assert 'urdf:="a b.urdf"' in command
    assert 'fixed:=1.5' in command
    assert '__ns:=/left' in command
    assert 'c.yaml' in command
    assert not any(word.startswith('tip_link') for word in command)


@pytest.mark.parametrize('entry', SIMULATION, ids=lambda entry: entry.executable)
def test_the_graph_names_parameters_that_the_nodes_have(entry) -> None:
    from ik_gd.nodes.parameter_pages import table_of

    known = {row.name for row in table_of(entry.executable)}
    assert set(entry.parameters) | set(entry.fixed) <= known
    assert set(entry.parameters.values()) <= set(ARGUMENTS)


def test_shipped_files_are_found() -> None:
    assert Path(share_file('urdf/so101.urdf')).is_file()
    assert Path(share_file('launch/simulation.launch.py')).is_file()
