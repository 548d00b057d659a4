"""What is it, from where, to where, when, how sure."""

from tocsin.stages.assess.stage import Assess

__all__ = ["Assess"]
