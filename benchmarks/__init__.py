"""Measurements: peers and project interleaved in one process, printed as ratios."""
