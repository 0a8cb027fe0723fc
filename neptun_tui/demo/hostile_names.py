"""Hostile names and contents: the project "Strange names".

Neptun stores and returns all of these unchanged (contract §6), so a real account can contain them.
"""

from __future__ import annotations

from typing import Final

ESC: Final = "\x1b"
ZALGO: Final = "Z̸̛͎̲a̵̡̛̪l̷̢̹̈́g̶̞̈́o̴̳̓"
FAMILY: Final = "👨\u200d👩\u200d👧\u200d👦"

PROJECT_NAME: Final = "Strange names"
PROJECT_DESCRIPTION: Final = f"Titles that bite {ESC}[5mblink{ESC}[0m [b]not bold[/b]\nsecond line"

IMPORT_PATHS: Final = (
    f"/srv/{ESC}[2J{ESC}[31mred\nsecond line",
    "",
    "demo-org/[bold]markup[/bold]",
)
"""Source paths of the imports of the project."""

TITLES: Final = (
    f"{ESC}[31mred{ESC}[0m {ESC}[1;5mblinking{ESC}[0m.txt",
    f"{ESC}]8;;https://example.com/evil{ESC}\\link{ESC}]8;;{ESC}\\.md",
    f"{ESC}]52;c;cm0gLXJmIH4K\x07clipboard.sh",
    f"{ESC}]0;owned\x07window title.txt",
    f"{ESC}[2J{ESC}[H{ESC}[?1049hcleared screen",
    f"{ESC}P+q544e{ESC}\\device control.txt",
    "\x9b31mC1 control\x9c\x90\x85.txt",
    "bell\x07 backspace\x08\x08 delete\x7f.txt",
    "[bold]markup[/] [red on blue]colours[/red on blue]",
    "[@click=app.quit]do not click[/]",
    "[/]",
    "[",
    "\\[escaped] [link=https://example.com]link[/link]",
    "{curly} %s %d $HOME `id` $(id)",
    "\u202egpj.exe\u202c right to left",
    "\u2066isolate\u2069 \u200emarks\u200f \u061c.txt",
    "zero\u200bwidth\u200c\u200d\u2060\ufeff.txt",
    "漢字カタカナ한국어 wide.txt",
    f"{FAMILY} 🏳️\u200d🌈 🇪🇺 👍🏽 emoji.md",
    f"{ZALGO} {ZALGO} combining.txt",
    "e\u0301 and é are not the same.txt",
    "﷽ one very wide glyph.txt",
    "line one\nline two\nline three",
    "tab\tbetween\ttabs\r\ncarriage\rreturn",
    "",
    "   ",
    "t" * 5_000,
    "../../../../etc/passwd",
    "C:\\Users\\demo\\notes.txt",
    "--yes --all; rm -rf ~",
    "\ufffd replacement \U0001f9ff \U000e0001 tags.txt",
)
"""File titles, including an empty one and one of 5,000 characters."""

CONTENTS: Final = (
    f"plain\n{ESC}[2J{ESC}[Hcleared\n{ESC}[31mred{ESC}[0m\n{ESC}]0;owned\x07{ESC}]52;c;AAAA\x07\n",
    "[bold]x[/bold] [@click=app.quit]q[/] [/] [unclosed\n",
    "\u202eright to left\u202c\nzero\u200bwidth\n" + ZALGO * 3 + "\n",
    "a\rb\r\nc\td\x0be\x0cf\x85g\u2028h\u2029i\n",
    "漢字 " * 40 + "\n" + FAMILY * 20 + "\n",
    "",
)
"""File contents, used in turn."""

ONE_LINE: Final = '{"data":"' + "0123456789abcdef" * 12_500 + '"}'
"""Content of a minified file: one line of 200 KB."""
