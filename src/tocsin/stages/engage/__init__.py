"""engage: which notional site could reach what and when, who authorises it, and how it ended."""

from tocsin.stages.engage.engage import Engage

__all__ = ["Engage"]
