"""The commands, one module each; :mod:`neptun_tui.cli.main` loads the one that is asked for."""
