"""Entry point of ``neptun-tui`` and ``python -m neptun_tui``."""

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
    except Exception as error:  # noqa: BLE001 - raised again when it is of another kind
        code = _give_out(error)
    # Nor is there any use in looking for garbage among all of it as the process ends (30 ms).
    gc.freeze()
    sys.exit(code)


def _give_out(error: Exception) -> int:
    """Say in one sentence that this machine has too little of something even to begin.

    Raises:
        Exception: the error itself, when it is of another kind.
    """
    if isinstance(error, MemoryError):
        said = "This machine has too little memory left for this (ulimit -v)."
    else:
        from neptun_tui.storage.process import exhausted

        said = exhausted(error)
    if not said:
        raise error
    print(f"neptun-tui: {said}", file=sys.stderr)  # noqa: T201 - cli.output may not load
    return 1


if __name__ == "__main__":
    main()
