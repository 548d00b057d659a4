"""inform: what may be said, to whom, traced."""

from tocsin.stages.inform.inform import Inform

__all__ = ["Inform"]
