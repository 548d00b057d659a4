"""warn: public warnings and debris notices, from draft to closing."""

from tocsin.stages.warn.warn import Warn

__all__ = ["Warn"]
