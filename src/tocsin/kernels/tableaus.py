"""Runge-Kutta methods as tables, all in one shape, so that one driver serves them all: index 0 RK4, 1 Tsit5, 2 DOP853.

Of each method: rows of weights for the slopes so far (the last row before any extra ones gives the state at the end
of the step, so its slope is the next step's first), two rows of weights for the error, and a polynomial in the share
of the step that is done, which gives the state within it.

Sources
    RK4     Kutta (1901); within a step, cubic Hermite
    Tsit5   Tsitouras (2011), Computers & Mathematics with Applications 62, 770-775: 5(4), own interpolant of order 4
    DOP853  Hairer, Norsett & Wanner, Solving ODE I, 2nd ed. (1993), section II.5 and their code dop853.f: 8(5,3),
            interpolant of order 7 from three more slopes
"""

from __future__ import annotations

import numpy as np

RK4, TSIT5, DOP853 = 0, 1, 2

_SLOPES = 16  # room for the longest method
_POWERS = 7

STAGE_COUNT = np.array([4, 6, 12])  # new slopes of a step, the one at its end included
EXTRA_COUNT = np.array([0, 0, 3])  # slopes needed besides for the state within the step
POWER_COUNT = np.array([3, 4, 7])  # of the share of the step, in the polynomial within it
ERROR_POWER = np.array([0.0, 1 / 5, 1 / 8])  # the error estimate grows as the step to 1 over this

_RK4_ROWS = (
    {0: 1 / 2},
    {1: 1 / 2},
    {2: 1.0},
    {0: 1 / 6, 1: 1 / 3, 2: 1 / 3, 3: 1 / 6},
)
_TSIT5_ROWS = (
    {0: 161 / 1000},
    {0: -0.008480655492356989, 1: 0.3354806554923570},
    {0: 2.897153057105493, 1: -6.359448489975075, 2: 4.362295432869581},
    {0: 5.325864828439257, 1: -11.74888356406283, 2: 7.495539342889836, 3: -0.09249506636175525},
    {0: 5.861455442946420, 1: -12.92096931784711, 2: 8.159367898576159, 3: -0.07158497328140100,
     4: -0.02826905039406838},
    {0: 0.09646076681806523, 1: 1 / 100, 2: 0.4798896504144996, 3: 1.379008574103742, 4: -3.290069515436081,
     5: 2.324710524099774},
)  # fmt: skip
_TSIT5_LOWER = (  # the weights of the 4th-order result
    0.09468075576583946, 0.009183565540343254, 0.4877705284247616, 1.234297566930479, -2.707712349983525,
    1.866628418170587, 1 / 66,
)  # fmt: skip
_TSIT5_WITHIN = (  # factor, then the roots of one quadratic and the coefficients of another, lowest power first
    (-1.0530884977290216, 1, (-1.3299890189751412, 1.0), (0.7139816917074209, -1.4364028541716351, 1.0)),
    (0.1017, 2, (1.0,), (1.2949852507374631, -2.1966568338249754, 1.0)),
    (2.490627285651252793, 2, (1.0,), (1.57803468208092486, -2.38535645472061657, 1.0)),
    (-16.54810288924490272, 2, (-1.21712927295533244, 1.0), (-0.61620406037800089, 1.0)),
    (47.37952196281928122, 2, (-1.203071208372362603, 1.0), (-0.658047292653547382, 1.0)),
    (-34.87065786149660974, 2, (-1.2, 1.0), (-2 / 3, 1.0)),
    (2.5, 2, (-1.0, 1.0), (-0.6, 1.0)),
)
_DOP853_ROWS = (
    {0: 0.05260015195876773},
    {0: 0.0197250569845379, 1: 0.0591751709536137},
    {0: 0.02958758547680685, 2: 0.08876275643042054},
    {0: 0.2413651341592667, 2: -0.8845494793282861, 3: 0.924834003261792},
    {0: 0.037037037037037035, 3: 0.17082860872947386, 4: 0.12546768756682242},
    {0: 0.037109375, 3: 0.17025221101954405, 4: 0.06021653898045596, 5: -0.017578125},
    {0: 0.03709200011850479, 3: 0.17038392571223998, 4: 0.10726203044637328, 5: -0.015319437748624402,
     6: 0.008273789163814023},
    {0: 0.6241109587160757, 3: -3.3608926294469414, 4: -0.868219346841726, 5: 27.59209969944671,
     6: 20.154067550477894, 7: -43.48988418106996},
    {0: 0.47766253643826434, 3: -2.4881146199716677, 4: -0.590290826836843, 5: 21.230051448181193,
     6: 15.279233632882423, 7: -33.28821096898486, 8: -0.020331201708508627},
    {0: -0.9371424300859873, 3: 5.186372428844064, 4: 1.0914373489967295, 5: -8.149787010746927,
     6: -18.52006565999696, 7: 22.739487099350505, 8: 2.4936055526796523, 9: -3.0467644718982196},
    {0: 2.273310147516538, 3: -10.53449546673725, 4: -2.0008720582248625, 5: -17.9589318631188,
     6: 27.94888452941996, 7: -2.8589982771350235, 8: -8.87285693353063, 9: 12.360567175794303,
     10: 0.6433927460157636},
    {0: 0.054293734116568765, 5: 4.450312892752409, 6: 1.8915178993145003, 7: -5.801203960010585,
     8: 0.3111643669578199, 9: -0.1521609496625161, 10: 0.20136540080403034, 11: 0.04471061572777259},
    {0: 0.056167502283047954, 6: 0.25350021021662483, 7: -0.2462390374708025, 8: -0.12419142326381637,
     9: 0.15329179827876568, 10: 0.00820105229563469, 11: 0.007567897660545699, 12: -0.008298},
    {0: 0.03183464816350214, 5: 0.028300909672366776, 6: 0.053541988307438566, 7: -0.05492374857139099,
     10: -0.00010834732869724932, 11: 0.0003825710908356584, 12: -0.00034046500868740456, 13: 0.1413124436746325},
    {0: -0.42889630158379194, 5: -4.697621415361164, 6: 7.683421196062599, 7: 4.06898981839711,
     8: 0.3567271874552811, 12: -0.0013990241651590145, 13: 2.9475147891527724, 14: -9.15095847217987},
)  # fmt: skip
_DOP853_LOWER = {0: 0.2440944881889764, 8: 0.7338466882816119, 11: 0.022058823529411766}  # of order 3
_DOP853_ERROR = {
    0: 0.01312004499419488, 5: -1.2251564463762044, 6: -0.4957589496572502, 7: 1.6643771824549864,
    8: -0.35032884874997366, 9: 0.3341791187130175, 10: 0.08192320648511571, 11: -0.022355307863886294,
}  # fmt: skip
_DOP853_WITHIN = (
    {0: -8.428938276109013, 5: 0.5667149535193777, 6: -3.0689499459498917, 7: 2.38466765651207,
     8: 2.117034582445028, 9: -0.871391583777973, 10: 2.2404374302607883, 11: 0.6315787787694688,
     12: -0.08899033645133331, 13: 18.148505520854727, 14: -9.194632392478356, 15: -4.436036387594894},
    {0: 10.427508642579134, 5: 242.28349177525817, 6: 165.20045171727028, 7: -374.5467547226902,
     8: -22.113666853125306, 9: 7.733432668472264, 10: -30.674084731089398, 11: -9.332130526430229,
     12: 15.697238121770845, 13: -31.139403219565178, 14: -9.35292435884448, 15: 35.81684148639408},
    {0: 19.985053242002433, 5: -387.0373087493518, 6: -189.17813819516758, 7: 527.8081592054236,
     8: -11.57390253995963, 9: 6.8812326946963, 10: -1.0006050966910838, 11: 0.7777137798053443,
     12: -2.778205752353508, 13: -60.19669523126412, 14: 84.32040550667716, 15: 11.99229113618279},
    {0: -25.69393346270375, 5: -154.18974869023643, 6: -231.5293791760455, 7: 357.6391179106141,
     8: 93.40532418362432, 9: -37.45832313645163, 10: 104.0996495089623, 11: 29.8402934266605,
     12: -43.53345659001114, 13: 96.32455395918828, 14: -39.17726167561544, 15: -149.72683625798564},
)  # fmt: skip


def _spread(row: dict[int, float]) -> np.ndarray:
    out = np.zeros(_SLOPES)
    for column, value in row.items():
        out[column] = value
    return out


def _rows(rows: tuple[dict[int, float], ...]) -> np.ndarray:
    """(16, 16): row i gives the state at which slope i is taken."""
    out = np.zeros((_SLOPES, _SLOPES))
    for i, row in enumerate(rows):
        out[i + 1] = _spread(row)
    return out


def _hermite(change: np.ndarray, last: int) -> list[np.ndarray]:
    """Of the weights behind the change over the step: those of the powers 1, 2 and 3 of its share, cubic Hermite."""
    first, end = np.eye(_SLOPES)[0], np.eye(_SLOPES)[last]
    return [first, 3.0 * change - 2.0 * first - end, first + end - 2.0 * change]


def _tsit5_within() -> list[np.ndarray]:
    powers = np.zeros((4, _SLOPES))
    for i, (factor, power, one, two) in enumerate(_TSIT5_WITHIN):
        product = factor * np.polynomial.polynomial.polymul(one, two)
        powers[power - 1 : power - 1 + len(product), i] = product
    return list(powers)


def _dop853_within(change: np.ndarray) -> list[np.ndarray]:
    """Their nested form, s (f1 + (1 - s) (f2 + s (f3 + (1 - s) (f4 + ...)))), multiplied out."""
    first, end = np.eye(_SLOPES)[0], np.eye(_SLOPES)[12]
    nested = [change, first - change, 2.0 * change - first - end, *(_spread(row) for row in _DOP853_WITHIN)]
    out = np.zeros((_POWERS, _SLOPES))
    factor = np.array([1.0])  # of s: the product of the brackets gone through, lowest power first
    for i, term in enumerate(nested):
        factor = np.polynomial.polynomial.polymul(factor, [0.0, 1.0] if i % 2 == 0 else [1.0, -1.0])
        for power in range(1, len(factor)):
            out[power - 1] += factor[power] * term
    return list(out)


def _stacked(each: list[list[np.ndarray]], height: int) -> np.ndarray:
    """(3, height, 16) of three lists of rows, filled up with zeros."""
    out = np.zeros((len(each), height, _SLOPES))
    for table, rows in zip(out, each, strict=True):
        table[: len(rows)] = rows
    return out


# (3, 16, 16) weights of the slopes; (3, 2, 16) weights of the two errors; (3, 7, 16) weights behind each power
WEIGHTS = np.stack([_rows(_RK4_ROWS), _rows(_TSIT5_ROWS), _rows(_DOP853_ROWS)])
ERRORS = _stacked(
    [
        [np.zeros(_SLOPES)],
        [WEIGHTS[1, 6] - np.array([*_TSIT5_LOWER, *[0.0] * 9])],
        [_spread(_DOP853_ERROR), WEIGHTS[2, 12] - _spread(_DOP853_LOWER)],
    ],
    2,
)
WITHIN = _stacked([_hermite(WEIGHTS[0, 4], 4), _tsit5_within(), _dop853_within(WEIGHTS[2, 12])], _POWERS)
