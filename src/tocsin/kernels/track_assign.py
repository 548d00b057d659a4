"""Which track takes which plot, by global nearest neighbour over sparse candidates, and what it is worth to it."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.track_joint import share_plots
from tocsin.kernels.track_scan import CONFIRMED, TENTATIVE

SURE_PROB = 0.99  # a track whose plot, or whose having none, is this probable is updated with that alone


@kernel
def assign(start, plot, score, plot_count):
    """The assignment with the greatest sum of gains, a plot to at most one track; a track may go without.

    The gain of a pair is its log likelihood, raised so that the worst pair of all is still worth more than the whole
    range between worst and best: more pairs come before likelier ones.

    In        start (n + 1,) int64, plot (k,) int64, score (k,)   candidates of each track, as `track_gate.gate` gives
              plot_count   p
    Out       taken (n,) int64: index into plot and score of each track's choice; -1: none
    Method    shortest augmenting paths over the candidates alone, each track with a column of its own for "none", so
              that every search ends in the neighbourhood where it began; exact
    Source    Crouse, On implementing 2D rectangular assignment algorithms, IEEE TAES 52(4), 2016, made sparse
    """
    n = start.shape[0] - 1
    taken = np.full(n, -1, np.int64)
    if plot.shape[0] == 0:
        return taken
    worst, best = score[0], score[0]
    for k in range(1, score.shape[0]):
        worst = min(worst, score[k])
        best = max(best, score[k])
    raised = 1.0 + (best - worst) - worst
    row_price = np.zeros(n)
    price = np.zeros(plot_count)
    owner = np.full(plot_count, -1, np.int64)
    length = np.empty(plot_count)  # of the shortest path to each plot met in this search ...
    came = np.empty(plot_count, np.int64)  # ... and the candidate that it ends with
    met = np.full(plot_count, -1, np.int64)  # the search in which a plot was last met
    is_done = np.zeros(plot_count, np.bool_)
    open_plots = np.empty(plot_count, np.int64)
    done_plots = np.empty(plot_count, np.int64)
    row_of = np.empty(plot.shape[0], np.int64)
    for row in range(n):
        for k in range(start[row], start[row + 1]):
            row_of[k] = row
    for row in range(n):
        open_count, done_count = 0, 0
        here, so_far = row, 0.0
        idle, idle_length = -1, math.inf  # the track that would go without
        end = -1
        while True:
            if so_far - row_price[here] < idle_length:
                idle, idle_length = here, so_far - row_price[here]
            for k in range(start[here], start[here + 1]):
                j = plot[k]
                if met[j] == row and is_done[j]:
                    continue
                reduced = so_far - (score[k] + raised) - row_price[here] - price[j]
                if met[j] != row:
                    met[j] = row
                    is_done[j] = False
                    open_plots[open_count] = j
                    open_count += 1
                elif reduced >= length[j]:
                    continue
                length[j] = reduced
                came[j] = k
            nearest = -1
            for o in range(open_count):
                if nearest < 0 or length[open_plots[o]] < length[open_plots[nearest]]:
                    nearest = o
            if nearest < 0 or idle_length <= length[open_plots[nearest]]:
                so_far = idle_length
                break
            j = open_plots[nearest]
            open_count -= 1
            open_plots[nearest] = open_plots[open_count]
            is_done[j] = True
            so_far = length[j]
            if owner[j] < 0:
                end = j
                break
            done_plots[done_count] = j
            done_count += 1
            here = owner[j]
        row_price[row] += so_far
        for d in range(done_count):
            j = done_plots[d]
            row_price[owner[j]] += so_far - length[j]
            price[j] -= so_far - length[j]
        if end < 0:
            # the path runs from `row` to the idle track: it gives up its plot, which goes to the track before it
            here = idle
            end = -1 if idle == row else plot[taken[idle]]
            if idle != row:
                taken[idle] = -1
        while end >= 0:
            k = came[end]
            here = row_of[k]
            before = plot[taken[here]] if taken[here] >= 0 else -1
            taken[here] = k
            owner[end] = here
            end = -1 if here == row else before
    return taken


@kernel
def choose(
    start, plot, score, rows, status, slots, plot_count, order, free_count, chance, is_joint, log_odds, choice, worth,
    left, prob, doubtful,
):  # fmt: skip
    """Tracks take plots: by joint probabilities, or by the best assignment.

    In        start .. score         candidates of rows (r,) of the picture, as `track_gate.gate` gives
              status (T,), slots (n,)  of the memory, and of the picture
              plot_count, order (q,) of all plots, and those that take part
              free_count             plots that no confirmed track has taken
              chance                 ln of the detection probability; density of false plots as stated, the volume of
                                     which, and what to divide it by; the most that a plot is worth
              is_joint, log_odds     see `track_joint.share_plots`
    Out       choice, worth (n,)     set where a track takes a plot: which; of tentative ones, ln of how much likelier
                                     the object made it than chance, that is `chance` or the free plots, if denser
              left (q,)              int64, of `order` what is left
              prob (k,)              of each candidate, where joint; all 0 at first
              doubtful (r,)          int64 indices into rows: tracks whose plot is not sure to be theirs
    Returns   how many of left are filled; free_count then; how many of doubtful are filled
    """
    if is_joint:
        taken = share_plots(start, plot, score, plot_count, log_odds, prob)
    else:
        taken = assign(start, plot, score, plot_count)
    is_left = np.ones(plot_count, np.bool_)
    doubts = 0
    for r in range(rows.shape[0]):
        k = taken[r]
        if k < 0:
            continue
        choice[rows[r]] = plot[k]
        is_left[plot[k]] = False
        if status[slots[rows[r]]] == CONFIRMED:
            free_count -= 1
        if is_joint and prob[k] < SURE_PROB:
            doubtful[doubts] = r
            doubts += 1
    log_prob, density, volume, per, most = chance
    odds = log_prob - math.log(max(density, free_count / volume) / per)
    for r in range(rows.shape[0]):
        if taken[r] >= 0 and status[slots[rows[r]]] == TENTATIVE:
            worth[rows[r]] = min(score[taken[r]] + odds, most)
    count = 0
    for o in range(order.shape[0]):
        if is_left[order[o]]:
            left[count] = order[o]
            count += 1
    return count, free_count, doubts
