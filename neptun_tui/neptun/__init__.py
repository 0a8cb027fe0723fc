"""The Neptun service over HTTP. The only package that imports httpx; usable on its own."""

import sys

# httpx imports its own command line, and with it click, pygments and rich, when those happen to be
# installed: a third of its start (70 of 175 ms). It does well without: it expects ImportError.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
