"""Hostile texts, for every test that draws server text.

`CORPUS` is a list of pairs: what a text tries, and the text. Each holds on one line of a test's
report what it is about; none holds a secret. `DENSE` has a bit of nearly everything in the first
twenty characters, for places that show no more. Some of them hold halves of surrogate pairs: a
test that writes them somewhere must say how.
"""

from __future__ import annotations

ESC = "\x1b"
ST = f"{ESC}\\"

_CONTROLS = [
    *((f"C0 {code:02x}", f"a{chr(code)}b") for code in range(0x20)),
    ("delete", "a\x7fb"),
    *((f"C1 {code:02x}", f"a{chr(code)}b") for code in range(0x80, 0xA0)),
]

_SEQUENCES = [
    ("CSI colour", f"{ESC}[31;5mred{ESC}[0m"),
    ("CSI clear", f"{ESC}[2J{ESC}[3J{ESC}[Hcleared"),
    ("CSI move", f"{ESC}[10;10Hthere{ESC}[99A{ESC}[99D"),
    ("CSI modes", f"{ESC}[?1049l{ESC}[?25h{ESC}[?2004l{ESC}[?7l{ESC}[4h"),
    ("CSI report", f"{ESC}[6n{ESC}[c{ESC}[>q{ESC}[21t"),
    ("CSI margins", f"{ESC}[1;2r{ESC}[?69h{ESC}[2;3s"),
    ("CSI repeat", f"a{ESC}[99999b"),
    ("CSI of C1", "\x9b31m\x9b2Jred\x9b0m"),
    ("OSC 0 title", f"{ESC}]0;owned\x07title"),
    ("OSC 2 title of C1", "\x9d2;owned\x9ctitle"),
    ("OSC 8 link", f"{ESC}]8;;https://example.com/evil{ST}link{ESC}]8;;{ST}"),
    ("OSC 9 notice", f"{ESC}]9;owned\x07{ESC}]777;notify;a;b\x07"),
    ("OSC 50 font", f"{ESC}]50;#1\x07"),
    ("OSC 52 clipboard", f"{ESC}]52;c;cm0gLXJmIH4K\x07clip"),
    ("OSC 1337 file", f"{ESC}]1337;File=inline=1:AAAA\x07"),
    ("OSC unended", f"{ESC}]0;the rest of the screen"),
    ("DCS", f"{ESC}P+q544e{ST}dcs"),
    ("DCS sixel", f"{ESC}Pq#0;2;0;0;0#0~~{ST}"),
    ("DCS tmux", f"{ESC}Ptmux;{ESC}{ESC}]52;c;AAAA\x07{ST}"),
    ("APC kitty", f"{ESC}_Gf=24,s=1,v=1;AAAA{ST}apc"),
    ("PM and SOS", f"{ESC}^pm{ST}{ESC}Xsos{ST}"),
    ("ESC reset", f"{ESC}creset{ESC}7{ESC}8{ESC}#8{ESC}D{ESC}M"),
    ("charsets", f"{ESC}(0lqk{ESC}(B\x0elqk\x0f{ESC}%@"),
    ("ends in escape", f"name{ESC}"),
    ("ends in half a sequence", f"name{ESC}[38;5"),
    ("bell and backspaces", "safe.txt\x07\x08\x08\x08\x08\x08\x08\x08\x08evil"),
    ("carriage returns", "evil.sh\rgood.txt\r\n\rlast"),
    ("line feeds", "one\ntwo\n\n\nthree\x0bfour\x0cfive"),
    ("line separators", "one\u2028two\u2029three\x85four"),
    ("tabs", "a\tb\t\t\tc"),
    ("NUL", "be\0fore"),
]

_MARKUP = [
    ("markup", "[bold]bold[/bold] [red on blue]x[/]"),
    ("markup that closes nothing", "[/]"),
    ("markup that ends nowhere", "[bold"),
    ("markup of an action", "[@click=app.quit]do not click[/]"),
    ("markup of a link", "[link=https://example.com]x[/link]"),
    ("markup of a name", "[abc-123] [a b=c]"),
    ("escaped markup", "\\[bold]\\\\[/]"),
    ("emoji codes", ":warning: :smile:"),
    ("Markdown", "# h *b* `c` [l](http://example.com) ![i](x)"),
    ("HTML", "&lt;script&gt;<script>alert(1)</script>"),
    ("templates", "{0} {name} %s %(a)s $name ${x} `id`"),
    ("SQL and shell", "'; DROP TABLE x; -- $(id) | rm -rf ~"),
    ("paths", "../../../etc/passwd\\..\\C:"),
]

_DIRECTIONS = [
    ("bidi override", "\u202egpj.exe\u202c"),
    ("bidi embeddings", "\u202aa\u202bb\u202dc\u202c"),
    ("bidi isolates", "\u2066a\u2067b\u2068c\u2069"),
    ("bidi unended", "\u202e\u2067unended"),
    ("bidi marks", "\u200ea\u200fb\u061cc"),
    ("right to left", "שלום עולם مرحبا.txt"),
    ("Arabic numbers and letters", "ملف ١٢٣ file 456"),
]

_UNSEEN = [
    ("zero width", "a\u200bb\u200cc\u200dd\u2060e\ufefff"),
    ("unseen alone", "\u200b\u2060"),
    ("soft hyphens", "so\u00adft\u00adhy\u00adphen"),
    ("unseen operators", "f\u2061x\u2062y\u2063z\u2064"),
    ("unseen letters", "a\u3164b\u115fc\u1160d\uffa0e\u2800f"),
    ("unseen marks", "a\u034fb\u17b4c\u180bd\u180ee"),
    ("tags", "tag\U000e0001\U000e0041\U000e007f"),
    ("blanks", "a\u00a0b\u2003c\u3000d\u202fe\u205ff"),
    ("nothing", ""),
    ("only blanks", "   "),
    ("notes on ruby", "a\ufff9b\ufffac\ufffb"),
]

_WIDTHS = [
    ("wide", "漢字カタカナ한국어"),
    ("wide that a cell cuts", "a漢b漢c漢d漢e漢f漢g漢"),
    ("full width", "ＡＢＣ１２３"),
    ("half width", "ｱｲｳｴｵﾞﾟ"),
    ("very wide", "﷽ ꧅ 𒐫 𒈙 ⸻"),
    ("emoji", "🙂🚀🔥"),
    ("emoji family", "👨\u200d👩\u200d👧\u200d👦"),
    ("emoji flags", "🇪🇺🇯🇵 🏳\ufe0f\u200d🌈 🏴\U000e0067\U000e0062\U000e007f"),
    ("emoji skins", "👍🏽👋🏿 🏽"),
    ("emoji keycaps", "1\ufe0f\u20e3#\ufe0f\u20e3"),
    ("variation selectors", "❤\ufe0f☎\ufe0e a\ufe0f 漢\U000e0100"),
    ("new emoji", "\U0001fae0\U0001fadc\U0001fae9"),
    ("combining pile", "Z" + "\u0300\u0316\u0334\u0341\u0353" * 8 + "algo"),
    ("combining first", "\u0301\u0302first"),
    ("combining alone", "\u0301"),
    ("enclosing", "a\u20ddb\u20e4c"),
    ("decomposed", "re\u0301sume\u0301 \u1112\u1161\u11ab\u1100\u1173\u11af"),
    ("half syllables", "\u1161\u11a8\ud7b0\u1160"),
    ("vowel signs", "हिन्दी বাংলা தமிழ்"),
    ("vowel signs in a pile", "क" + "\u0903" * 30),
    ("Thai and Lao", "ที่นี่ น้ำ ຄຳ"),
    ("hexagrams", "䷀☰⚊𝌀"),
    ("of two widths", "±×÷°§¶①②㉈"),
    ("Private Use", "\ue0b0\uf8ff\U000f0000\U0010fffd"),
    ("unassigned", "\u0378\U0001fbff\U000e0fff"),
    ("noncharacters", "\ufffe\uffff\ufdd0\U0010ffff"),
    ("replacement", "\ufffd"),
    ("looks like ours", "│ ▌✓ ▸ ╭──╮ ❬ Keep ❭"),
    ("looks like a control", "␛[31m␊"),
]

_HALVES = [
    ("a high half", "a\ud800b"),
    ("a low half", "a\udfffb"),
    ("halves the wrong way round", "\ude00\ud83d"),
    ("a half before an escape", f"\ud83d{ESC}[31m"),
]
"""No characters, but JSON can carry them as escapes, as JavaScript does."""

_LONG = [
    ("long word", "w" * 5_000),
    ("long in words", "word " * 1_000),
    ("long of marks", "a" + "\u0301" * 5_000),
    ("long wide", "漢" * 3_000),
    ("long of escapes", f"{ESC}[31m" * 1_000),
]

CORPUS: list[tuple[str, str]] = [
    *_CONTROLS,
    *_SEQUENCES,
    *_MARKUP,
    *_DIRECTIONS,
    *_UNSEEN,
    *_WIDTHS,
    *_HALVES,
    *_LONG,
]

HUGE: list[tuple[str, str]] = [
    ("1 MB on one line", "0123456789abcdef" * 65_536),
    ("1 MB of escapes", f"{ESC}]0;x\x07" * 170_000),
    ("1 MB of line feeds", "\n" * 1_000_000),
    ("1 MB of marks", "\u0301" * 500_000),
    ("1 MB of tabs", "\t" * 1_000_000),
]
"""For contents and a name or two: too much to send many times."""

DENSE = f"{ESC}]0;o\x07\x9bJ\u202e漢क\u0903\u0301\u0302\u0303\u200b[/]\t\r\ue000字.py"
