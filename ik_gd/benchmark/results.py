"""What a protocol hands back: a table of plain values, printed, written and drawn elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Value = str | int | float | bool | None
Row = dict[str, Any]  # of Value


@dataclass
class Table:
    """Rows with the same keys; a key ending in _us is in microseconds, in _percent a share.

    Attributes:
        protocol: 'A' to 'E', or 'K' for the kernels.
        title: one line.
        rows: the numbers.
        notes: what a reader must know beside them.
    """

    protocol: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What one run of the benchmark is to measure.

    Attributes:
        arms: names of arms.py.
        peers: short names of the peers.
        targets: of protocols A and E, an arm and a kind of start.
        cases: of protocol C, all arms together.
        seed: of every random draw.
    """

    arms: tuple[str, ...]
    peers: tuple[str, ...]
    targets: int = 10_000
    cases: int = 1_000
    seed: int = 0


def time_columns(times_us: Sequence[float]) -> Row:
    """Return mean, median, 99th percentile and maximum of some times [us]."""
    return {
        'mean_us': float(np.mean(times_us)),
        'p50_us': float(np.percentile(times_us, 50)),
        'p99_us': float(np.percentile(times_us, 99)),
        'max_us': float(np.max(times_us)),
    }
