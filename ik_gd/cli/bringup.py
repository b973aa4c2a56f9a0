"""Starts a graph of nodes as processes, passes on what they say, and ends them cleanly."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from ik_gd.core.errors import IkGdError
from ik_gd.nodes.graph import NodeEntry

Values = Mapping[str, str | float | bool]

# As `ros2 launch` does it: SIGINT, then SIGTERM, then SIGKILL, each after so long [s].
_PATIENCE = ((signal.SIGINT, 5.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
_PR_SET_PDEATHSIG = 1
_LOG_FORMAT = '[{severity}] {name}: {message}'
_PLAIN_LOG = '[INFO] '


class BringupError(IkGdError):
    """A node ended by itself; the message is what it said last."""


class Bringup:
    """Node processes that live and end together; use it with `with`.

    Args:
        entries: the nodes.
        values: of the arguments that the entries name.
        say: called with each line that a node prints, from a thread.
    """

    def __init__(
        self, entries: Sequence[NodeEntry], values: Values, say: Callable[[str], None]
    ) -> None:
        self._commands = {
            entry.executable: node_command(entry, values)
            for entry in entries
            if entry.skip_if is None or values[entry.skip_if[0]] != entry.skip_if[1]
        }
        self._say = say
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._last_words: dict[str, str] = {}
        self._is_stopping = False

    def __enter__(self) -> Bringup:
        """Start the nodes."""
        try:
            for name, command in self._commands.items():
                self._start(name, command)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the nodes."""
        self.stop()

    @property
    def process_ids(self) -> dict[str, int]:
        """The process of each node."""
        return {name: process.pid for name, process in self._processes.items()}

    def check(self) -> None:
        """Raise BringupError if a node has ended."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                for reader in self._readers:
                    reader.join(timeout=1.0)
                words = self._last_words.get(name, f'exit code {code}')
                raise BringupError(f'{name} has ended: {words}')

    def stop(self) -> dict[str, int]:
        """End every node that still runs, and return the exit code of each."""
        self._is_stopping = True
        for number, patience in _PATIENCE:
            running = [process for process in self._processes.values() if process.poll() is None]
            for process in running:
                process.send_signal(number)
            deadline = time.monotonic() + patience
            for process in running:
                try:
                    process.wait(timeout=max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    continue
        for reader in self._readers:
            reader.join(timeout=1.0)
        return {name: int(process.poll() or 0) for name, process in self._processes.items()}

    def _start(self, name: str, command: Sequence[str]) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            env=node_environment(),
            start_new_session=True,  # so that Ctrl-C reaches them only through stop()
            preexec_fn=_end_with_parent,
        )
        self._processes[name] = process
        reader = threading.Thread(target=self._pass_on, args=(name, process), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _pass_on(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            words = line.rstrip().removeprefix(_PLAIN_LOG)
            # Before its first word a node imports: to interrupt that is a traceback, but no news.
            is_importing = name not in self._last_words
            if words and not (self._is_stopping and is_importing):
                self._last_words[name] = words.removeprefix('ik_gd: ')
                self._say(words if name in words else f'{name}: {words}')


def node_command(entry: NodeEntry, values: Values) -> list[str]:
    """Return the command line of one node, with this Python and these arguments."""
    command = [sys.executable, '-m', f'ik_gd.nodes.{entry.executable}', '--ros-args']
    if values.get('config'):
        command += ['--params-file', str(values['config'])]
    if values.get('namespace'):
        command += ['-r', f'__ns:=/{str(values["namespace"]).strip("/")}']
    parameters = dict(entry.fixed)
    parameters |= {name: values[argument] for name, argument in entry.parameters.items()}
    for name, value in parameters.items():
        if value != '':
            command += ['-p', f'{name}:={json.dumps(value)}']  # JSON is YAML
    return command


def node_environment() -> dict[str, str]:
    """Return the environment of a node process: short log lines, only this machine's network.

    A simulation must not move an arm elsewhere in the building; who wants it to be seen from
    other machines sets ROS_AUTOMATIC_DISCOVERY_RANGE.
    """
    environment = dict(os.environ)
    environment.setdefault('RCUTILS_CONSOLE_OUTPUT_FORMAT', _LOG_FORMAT)
    environment.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    environment['PYTHONUNBUFFERED'] = '1'
    return environment


def _end_with_parent() -> None:
    """Ask Linux to end this child when its parent dies without a word."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
