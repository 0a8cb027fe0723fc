"""Flows of several dialogs: delete and restore."""
