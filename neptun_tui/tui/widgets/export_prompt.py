"""Prompt for the folder of an export, which it then writes."""

from __future__ import annotations

import os
from pathlib import Path

from textual import on, work
from textual.widget import Widget

from neptun_tui.domain.errors import InputError, NeptunTuiError
from neptun_tui.services.export import export, exported
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.bindings import KeyContext
from neptun_tui.tui.widgets.bars import KeyBar
from neptun_tui.tui.widgets.inputs import Prompt


class ExportPrompt(Prompt):
    """Prompt above the footer that returns the focus afterwards.

    Args:
        places: the contexts of the footer's usual keys.
    """

    def __init__(self, *places: KeyContext) -> None:
        super().__init__()
        self._places = places
        self._before: Widget | None = None
        self._records: RunStore | None = None

    def ask_for(self, records: RunStore, run_id: str) -> None:
        """Ask where to write the backup of a run."""
        self._records, self._before = records, self.screen.focused
        self.ask(run_id, "export to", f"neptun-export-{run_id}", "a new folder")
        self.screen.query_one(KeyBar).show(KeyContext.PROMPT, typing=True)

    @property
    def asking(self) -> bool:
        """Tell whether the prompt is shown."""
        return self.has_class("asking")

    def leave(self) -> None:
        """Hide the prompt once something else has the focus."""
        if self.asking and not self.has_focus_within:
            self.close()

    def close(self) -> None:
        """Hide the prompt and show the usual keys."""
        if self.has_focus_within:
            self.screen.set_focus(self._before)
        super().close()
        self.screen.query_one(KeyBar).show(*self._places)

    @on(Prompt.Cancelled)
    def _cancelled(self) -> None:
        self.close()

    @on(Prompt.Answered)
    @work(exclusive=True, group="export")
    async def _answered(self, event: Prompt.Answered) -> None:
        if self._records is None:
            return
        if not event.text.strip():
            self.hint("Name a new folder.")
            return
        try:
            done = await export(self._records, event.purpose, _folder(event.text))
        except InputError as error:
            self.hint(str(error))
            return
        except (NeptunTuiError, OSError) as error:  # OSError: the current folder is gone
            self.app.notify(str(error), severity="error", markup=False)
        else:
            severity = "warning" if done.damaged else "information"
            self.app.notify(exported(done), severity=severity, markup=False, timeout=15)  # type: ignore[arg-type]
        if self.asking:
            self.close()


def _folder(typed: str) -> Path:
    """Return the absolute path; ``~`` is expanded here, since no shell has seen it."""
    return Path(os.path.abspath(os.path.expanduser(typed)))  # noqa: PTH100, PTH111
