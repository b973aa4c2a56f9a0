"""`ik_gd bench`, on very few targets."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip('pinocchio', reason='Pinocchio (pip install pin) judges the answers')
pytest.importorskip('rich', reason='rich prints the tables')

from ik_gd.cli.main import main


def test_measures_and_writes_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib draws the chart')
    files = {kind: tmp_path / f'out.{kind}' for kind in ('json', 'csv', 'chart.png', 'md')}
    code = main(
        [
            *('bench', '--protocol', 'A', '--arms', 'desk6', '--peers', 'none', '--targets', '20'),
            *('--json', str(files['json']), '--csv', str(files['csv'])),
            *('--chart', str(files['chart.png']), '--markdown', str(files['md'])),
        ]
    )
    assert code == 0
    assert 'desk6' in capsys.readouterr().out
    document = json.loads(files['json'].read_text())
    rows = document['tables'][0]['rows']
    assert [(row['arm'], row['solver'], row['solved']) for row in rows] == [
        ('desk6', 'ik_gd', 20)
    ] * 2
    assert document['machine']['cores'] >= 1
    with files['csv'].open() as file:
        written = [row for row in csv.DictReader(file) if row['start'] == 'random']
    assert float(written[0]['mean_us']) == pytest.approx(rows[1]['mean_us'])
    assert '| desk6 | 6 | random | ik_gd | 20 | 20 |' in files['md'].read_text()
    assert files['chart.png'].read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('words', 'complaint'),
    [
        (['--arms', 'so101,nao'], "no arm 'nao'; they are so101"),
        (['--peers', 'magic'], "no peer 'magic'; they are rtb"),
        (['--protocol', 'AX'], "no protocol 'AX'; they are A"),
        (['--targets', '0'], '--targets is at least 1, not 0'),
    ],
)
def test_names_what_it_does_not_know(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bench', *words]) == 1
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert captured.err.count('\n') == 1


def test_a_peer_that_is_not_installed_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__('sys').modules, 'ikpy.chain', None)
    words = ['--protocol', 'A', '--arms', 'scara4', '--targets', '10', '--peers', 'ikpy']
    assert main(['bench', *words]) == 0
    assert 'ikpy: not measured, not installed' in capsys.readouterr().out


def run_piece(file: Path, arm: str, *words: str) -> None:
    words = ('--protocol', 'A', '--peers', 'none', '--targets', '10', *words)
    assert main(['bench', *words, '--arms', arm, '--json', str(file)]) == 0


def test_pieces_join_to_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pieces = [tmp_path / f'{i}.json' for i in range(3)]
    for file, arm in zip(pieces, ('scara4', 'so101', 'scara4'), strict=True):
        run_piece(file, arm)
    joined, page = tmp_path / 'joined.json', tmp_path / 'page.md'
    words = ['--join', *map(str, pieces), '--json', str(joined), '--markdown', str(page)]
    capsys.readouterr()
    assert main(['bench', *words]) == 0
    assert 'so101' in capsys.readouterr().out
    documents = [json.loads(file.read_text()) for file in (*pieces, joined)]
    again, whole = documents[2], documents[3]
    assert whole['plan']['arms'] == ['scara4', 'so101']
    assert whole['machine'] == again['machine']
    rows = whole['tables'][0]['rows']
    assert [(row['arm'], row['start']) for row in rows] == [
        (arm, start) for arm in ('scara4', 'so101') for start in ('middle', 'random')
    ]
    assert rows[:2] == again['tables'][0]['rows']  # measured twice: the later one counts
    assert '| so101 | 5 | random | ik_gd | 10 |' in page.read_text()


def test_runs_that_differ_in_more_than_what_they_measured_do_not_join(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = [tmp_path / 'a.json', tmp_path / 'b.json']
    run_piece(pieces[0], 'scara4')
    run_piece(pieces[1], 'scara4', '--seed', '1')
    assert main(['bench', '--join', *map(str, pieces)]) == 1
    assert 'its seed is 1, not 0' in capsys.readouterr().err
    pieces[1].write_text('[]')
    assert main(['bench', '--join', *map(str, pieces)]) == 1
    assert 'was not written by ik_gd bench --json' in capsys.readouterr().err
