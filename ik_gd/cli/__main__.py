"""`python3 -m ik_gd.cli`: the same as the `ik_gd` command."""

import sys

from ik_gd.cli.main import main

sys.exit(main())
