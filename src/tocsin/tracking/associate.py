"""Which plot belongs to which track: global nearest neighbour."""

from __future__ import annotations

import numpy as np

from tocsin.messages import Column

NOT_GATED = -1e29


def assign(score: Column) -> list[tuple[int, int]]:
    """Pairs (row, column) of the assignment with the greatest sum of log likelihood among the largest ones.

    ``score`` (n, p) is below NOT_GATED where a pair does not gate. Where no track shares a plot nothing has to
    be solved, which is nearly always.
    """
    rows, columns = np.nonzero(score > NOT_GATED)
    if rows.size == 0:
        return []
    if rows.size == 1 or (len(set(rows.tolist())) == rows.size and len(set(columns.tolist())) == rows.size):
        return list(zip(rows.tolist(), columns.tolist(), strict=True))
    if score.shape[0] == 1 or score.shape[1] == 1:
        best = int(np.argmax(score))
        return [(best // score.shape[1], best % score.shape[1])]
    from scipy.optimize import linear_sum_assignment

    values = score[rows, columns]
    gain = np.zeros(score.shape)  # a pair that does not gate gains nothing, like a dummy column
    gain[rows, columns] = values - values.min() + 1.0 + np.ptp(values)
    i, j = linear_sum_assignment(gain, maximize=True)
    return [(int(a), int(b)) for a, b in zip(i, j, strict=True) if gain[a, b] > 0.0]
