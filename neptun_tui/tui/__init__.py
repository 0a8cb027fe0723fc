"""The Textual app. Gets its services handed in; imported by the command line only when asked."""
