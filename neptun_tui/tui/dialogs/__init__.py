"""Dialogs over a screen, and the screens of a job."""
