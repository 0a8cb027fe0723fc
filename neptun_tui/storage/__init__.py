"""This machine: the session vault, the settings, the journal of deletions, the local copies."""
