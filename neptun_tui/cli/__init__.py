"""Command line: arguments, start-up, exit codes, and one command for each action of the app.

Nothing heavy is imported at the top of these modules: Textual, the HTTP client and the demo are
imported by the functions that need them, so that ``--help`` and a mistyped argument answer at once.
A command without the app never imports Textual.
"""
