"""neptun-tui: browse the imports and files of Neptun projects by ID, and delete exactly some."""

__version__ = "0.1.0"
