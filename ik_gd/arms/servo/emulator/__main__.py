"""`python -m ik_gd.arms.servo.emulator`: what `ik_gd servo emulate` does, without the rest."""

from __future__ import annotations

import argparse
import sys

from ik_gd.arms.servo.emulator.command import add_arguments, run
from ik_gd.core.errors import IkGdError


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog='emulator')
    add_arguments(parser)
    try:
        return run(parser.parse_args())
    except IkGdError as error:
        print(f'emulator: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
