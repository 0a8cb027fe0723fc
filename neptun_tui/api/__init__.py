"""The Neptun service over HTTP. The only package that imports httpx; usable on its own."""
