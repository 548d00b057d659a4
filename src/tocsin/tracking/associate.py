"""Which plot belongs to which track: global nearest neighbour."""

from __future__ import annotations

import math

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
    values = score[rows, columns]
    gain = np.zeros(score.shape)  # a pair that does not gate gains nothing, like a dummy column
    gain[rows, columns] = values - values.min() + 1.0 + np.ptp(values)
    shared_rows, shared_columns = np.unique(rows), np.unique(columns)
    cost = -gain[np.ix_(shared_rows, shared_columns)]
    is_tall = cost.shape[0] > cost.shape[1]
    chosen = enumerate(_cheapest((cost.T if is_tall else cost).tolist()))
    pairs = sorted((j, i) if is_tall else (i, j) for i, j in chosen)
    return [(int(shared_rows[i]), int(shared_columns[j])) for i, j in pairs if cost[i, j] < 0.0]


def _cheapest(cost: list[list[float]]) -> list[int]:
    """The column of each of n rows, n <= m columns, that makes the least sum: shortest augmenting paths.

    Source    Crouse, On implementing 2D rectangular assignment algorithms, IEEE TAES 52(4), 2016
    """
    width = len(cost[0])
    row_price, price = [0.0] * len(cost), [0.0] * width
    row_of = [-1] * width
    for row in range(len(cost)):
        least, before = [math.inf] * width, [-1] * width  # shortest path to each column, and the column before it
        open_columns = list(range(width))
        at, column, length = row, -1, 0.0
        while at >= 0:
            for j in open_columns:
                reduced = length + cost[at][j] - row_price[at] - price[j]
                if reduced < least[j]:
                    least[j], before[j] = reduced, column
            column = min(open_columns, key=least.__getitem__)
            open_columns.remove(column)
            length, at = least[column], row_of[column]
        row_price[row] += length
        for j in range(width):
            if row_of[j] >= 0 and j not in open_columns and j != column:
                row_price[row_of[j]] += length - least[j]
                price[j] -= length - least[j]
        while column >= 0:
            earlier = before[column]
            row_of[column] = row if earlier < 0 else row_of[earlier]
            column = earlier
    place = {i: j for j, i in enumerate(row_of) if i >= 0}
    return [place[i] for i in range(len(cost))]
