"""Commands, one module each; :mod:`neptun_tui.cli.main` loads the one that was asked for."""
