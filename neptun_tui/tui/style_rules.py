"""Style rules: less work than Textual 8.2 does with them, each with its measurement."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.css.model import RuleSet
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from textual.widget import Widget as _Mixin
else:
    _Mixin = MessagePump  # a Widget among the bases would take the place of the next one's CSS

_BROWSING = str(Path(__file__).with_name("browsing.tcss"))


def load_browsing_rules(app: App[Any]) -> None:
    """Load the rules for what follows the sign-in, so that the first frame waits for none of them.

    As ``CSS_PATH`` of a screen, Textual parses every rule of the app once more, and styles what
    is shown again: 47 ms instead of 11 before the projects.
    """
    if not app.stylesheet.has_source(_BROWSING):
        app.stylesheet.read(_BROWSING)
        app.stylesheet.parse()


class StillComponents(_Mixin):
    """For widgets whose component styles depend on their rules alone, not on their state.

    Textual matches them anew whenever a class or the focus changes: for a list ten times the work
    of its own style, 12 of the 16 ms that it took to go from one pane to the next.
    """

    _matched: Sequence[RuleSet] | None = None

    def _get_component_classes(self) -> frozenset[str]:  # type: ignore[override]
        """Return the component classes if their rules are new, as with another theme."""
        classes = super()._get_component_classes()
        known = self.app.stylesheet.rules_map
        rules = [rule for name in classes for rule in known.get(f".{name}", ())]
        before, self._matched = self._matched, rules
        same = before is not None and len(before) == len(rules)
        return frozenset() if same and all(map(is_, rules, before or ())) else classes
