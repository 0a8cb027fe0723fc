"""Generator of ``docs/keys.md`` from the table of key bindings.

Run it after each change of ``neptun_tui/tui/bindings.py``: ``.venv/bin/python tools/keys_doc.py``
"""

from __future__ import annotations

from pathlib import Path

from neptun_tui.tui.bindings import KEYS, Key
from neptun_tui.tui.key_settings import MODIFIERS

FILE = Path(__file__).parents[1] / "docs" / "keys.md"

_HEAD = """\
<!-- Generated from neptun_tui/tui/bindings.py: .venv/bin/python tools/keys_doc.py -->
# Keys

`?` in the app shows the current keys. Settings change them, in
`~/.config/neptun-tui/config.toml`, by the name of the action:

```toml
[keys]
delete = ["x", "delete"]
stop = "f4"
sign_out = "ctrl+o"
```

* The keys of a line replace all default keys of its action, on every screen where it works.
* Every mistake is reported at the start and by `neptun-tui doctor`; the default keys of that
  action then apply. Two actions that work on the same screen cannot have the same key, and the key
  that opens a dialog cannot be the one that confirms it.
* `quit` keeps `ctrl+q`, and `interrupt` keeps `ctrl+c`, whatever else they are given.
* An action without a default key is in the command palette (`ctrl+p`), and may be given a key.

## Names of keys

* A character is its own name: `x`, `X`, `?`, `/`. The space bar is `space`.
* Other keys: {names}.
* Held down beside it: {modifiers},
  as in `ctrl+f` or `ctrl+shift+up`. Many terminals report only `alt`, and `ctrl` with a letter.

## Actions

| action | default keys | works in | does |
|---|---|---|---|
"""

_COMMON = """\
`escape`, `enter`, `tab`, `backspace`, `delete`, `insert`, `home`, `end`, `pageup`,
  `pagedown`, `up`, `down`, `left`, `right`, `f1` to `f35`"""


def document() -> str:
    """Return the text of ``docs/keys.md``."""
    order = list(dict.fromkeys(key.name for key in KEYS))
    rows = [_row(key) for key in sorted(KEYS, key=lambda key: order.index(key.name))]
    head = _HEAD.format(names=_COMMON, modifiers=", ".join(f"`{name}`" for name in MODIFIERS))
    return head + "".join(rows)


def _row(key: Key) -> str:
    keys = " ".join(f"`{name}`" for name in key.keys.split(",") if name) or "none"
    return f"| `{key.name}` | {keys} | {key.context.value} | {key.help} |\n"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
