"""The filter that refuses markup in queries and in most bodies with a bare 400 (shape N).

It is not a search for scripts: anything a strict HTML filter would rewrite is refused, a lone
`<` or `>` included, while a plain `<b>bold</b>` passes (exchanges 2.19b to 2.19c7).
"""

from __future__ import annotations

import json
import re
from typing import Final

from neptun_tui.demo.call import RawRequest
from neptun_tui.demo.refusals import framework
from neptun_tui.demo.validate import UNDEFINED

MAX_BODY: Final = 2_000_000
"""The largest body, in bytes, wherever the filter works."""

_HARMLESS: Final = re.compile(
    r"</?(?:abbr|article|aside|b|bdi|bdo|big|blockquote|br|center|cite|code|dd|del|div|dl|dt|em"
    r"|figcaption|figure|footer|h[1-6]|header|hr|i|ins|kbd|li|mark|nav|ol|p|pre|s|samp|section"
    r"|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var)>"
)
_FILES: Final = re.compile(r"/resources/files(/|$)")


def guard(request: RawRequest) -> None:
    """Refuse what is too large or holds markup; only GET and POST are filtered (3.26).

    Files are exempt from both: their content is code (exchanges 4.11b and 4.17).

    Raises:
        Refusal: Shape N: 413, 400, or 400 because the body is no JSON.
    """
    if _FILES.search(request.path):
        return
    if len(request.body) > MAX_BODY:
        raise framework(413, "Payload Too Large")
    if request.method == "GET":
        _refuse_markup(dict(request.query_values))
    elif request.method == "POST":
        _refuse_markup(request.json())


def _refuse_markup(value: object) -> None:
    if value is UNDEFINED:
        return
    rest = _HARMLESS.sub("", json.dumps(value, ensure_ascii=False))
    if "<" in rest or ">" in rest:
        raise framework(400, "Bad Request")
