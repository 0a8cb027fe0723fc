"""HTTP client of Neptun, usable alone. The only package that imports httpx."""
