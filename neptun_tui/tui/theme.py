"""Themes: one for 256 colours and more, and one for sixteen."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual.theme import Theme

FULL: Final = Theme(
    name="neptun",
    primary="#6cb6d9",
    secondary="#8aa4b8",
    accent="#6cb6d9",
    warning="#e3b566",
    error="#e57f84",
    success="#84c294",
    foreground="#d6dde4",
    background="#12171d",
    surface="#1a2129",
    panel="#222b35",
    dark=True,
    variables={
        "muted": "#8593a1",
        "block-cursor-background": "#2a3a49",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#1f2832",
        "border": "#3d5366",
        "border-blurred": "#2b3743",
        "input-cursor-background": "#d6dde4",
        "input-cursor-foreground": "#12171d",
        "input-selection-background": "#35536b",
        "scrollbar": "#2f3c49",
        "scrollbar-background": "#161c23",
        "scrollbar-corner-color": "#161c23",
    },
)

SIXTEEN: Final = Theme(
    name="neptun-16",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_blue",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "muted": "ansi_default",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "none",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
    },
)

PLAIN: Final = replace(
    SIXTEEN,
    name="neptun-plain",
    variables={
        **SIXTEEN.variables,
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
    },
)
"""Theme for ``NO_COLOR``: attributes alone show the focus."""

DEFAULTS: Final = {"muted": "#8a9199"}
"""Defaults of the app's own variables, for themes that lack them."""


def theme_for(color_system: str | None) -> str:
    """Return the name of the theme for a terminal's colours.

    Args:
        color_system: ``truecolor``, ``256``, ``standard``, ``windows``, or None without colours.
    """
    return FULL.name if color_system in ("truecolor", "256") else SIXTEEN.name
