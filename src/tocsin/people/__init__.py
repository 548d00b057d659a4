"""Scripted operators and units: they see pipeline messages only, and answer late."""

from tocsin.people.people import People

__all__ = ["People"]
