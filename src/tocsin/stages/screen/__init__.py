"""Which plots to believe, and which sensors have gone silent."""

from tocsin.stages.screen.stage import Screen, ScreenState

__all__ = ["Screen", "ScreenState"]
