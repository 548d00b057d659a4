"""debris: where and when fragments or an intact body come down, and how long the ground stays dangerous."""

from tocsin.stages.debris.debris import Debris

__all__ = ["Debris"]
