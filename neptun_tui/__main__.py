"""The entrance: ``neptun-tui`` and ``python -m neptun_tui``."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    # What is made while modules load stays: looking for garbage among it takes 8 % of a start.
    # Whoever goes on for longer switches it on again.
    gc.disable()
    try:
        from neptun_tui.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while it loads, or after all that knows better
        code = 130
    # Nor is there any use in looking for garbage among all of it as the process ends (30 ms).
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
