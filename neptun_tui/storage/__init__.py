"""This machine: the session vault, the settings, and later the journal and local copies."""
