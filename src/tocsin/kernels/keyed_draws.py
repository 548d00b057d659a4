"""Random numbers that belong to a key and a counter, not to an order of calls: Philox 4x32-10.

Any number can be had at once, whatever else was drawn, so that a body's draws in a scan do not depend on
which other bodies there are, nor on how scans are grouped.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
# Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3 (SC11), table 2 and sec. 3.3
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)  # golden ratio
_WEYL_1 = np.uint64(0xBB67AE85)  # sqrt(3) - 1
_ROUNDS = 10
_STEP = 1.0 / 4_294_967_296.0  # 2^-32


@kernel
def philox_block(key, counter):
    """Four 32-bit words of one counter.

    In        key      (2,) uint64, each below 2^32
              counter  (4,) uint64, each below 2^32
    Out       (4,) uint64, each below 2^32
    Accuracy  exact: the known answers of Random123 1.09
    Source    Salmon et al. (2011), sec. 3.3
    """
    c0, c1, c2, c3 = counter[0], counter[1], counter[2], counter[3]
    k0, k1 = key[0], key[1]
    for _ in range(_ROUNDS):
        product_0 = c0 * _MULTIPLIER_0  # below 2^64: nothing overflows
        product_1 = c2 * _MULTIPLIER_1
        c0 = (product_1 >> _HALF) ^ c1 ^ k0
        c1 = product_1 & _LOW
        c2 = (product_0 >> _HALF) ^ c3 ^ k1
        c3 = product_0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    words = np.empty(4, dtype=np.uint64)
    words[0], words[1], words[2], words[3] = c0, c1, c2, c3
    return words


@kernel
def keyed_draws(key, name, number, tag, is_normal):
    """Four draws for each of n counters.

    In        key        (2,) uint64, whose draws they are
              name       (n, 2) uint64, what they are about, each below 2^32
              number     (n,) uint64, below 2^32: a scan's
              tag        uint64, below 2^32: what they are for
              is_normal  whether they are standard normal, else uniform
    Out       (n, 4): uniform within (0, 1) on a grid of 2^-32, never 0 or 1; or standard normal (Box and Muller, 1958),
              never beyond 6.8
    """
    out = np.empty((number.shape[0], 4))
    counter = np.empty(4, dtype=np.uint64)
    counter[3] = tag
    for i in range(number.shape[0]):
        counter[0], counter[1], counter[2] = name[i, 0], name[i, 1], number[i]
        words = philox_block(key, counter)
        for j in range(4):
            out[i, j] = (float(words[j]) + 0.5) * _STEP
        if is_normal:
            for j in range(0, 4, 2):
                length = math.sqrt(max(0.0, -2.0 * math.log(out[i, j])))
                turn = 2.0 * math.pi * out[i, j + 1]
                out[i, j], out[i, j + 1] = length * math.cos(turn), length * math.sin(turn)
    return out
