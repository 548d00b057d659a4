"""Echoes of many targets at once: a loop around the scalar kernels of ``radar_signal``."""

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.radar_signal import fluctuated_snr, snr_ratio


@kernel
def echoes(range_m, rcs_m2, uniform, reference_snr_ratio, reference_range_m, reference_rcs_m2, swerling):
    """Signal and noise over mean noise of one look at each of n targets: ``fluctuated_snr`` of ``snr_ratio``.

    In        range_m, rcs_m2 (n,); uniform (n, 4), of which three are used
    Out       (n,) power ratio; what passes ``threshold_ratio`` is detected
    """
    power = np.empty(range_m.shape[0])
    for i in range(range_m.shape[0]):
        mean = snr_ratio(range_m[i], rcs_m2[i], reference_snr_ratio, reference_range_m, reference_rcs_m2)
        power[i] = fluctuated_snr(mean, swerling, uniform[i, 0], uniform[i, 1], uniform[i, 2])
    return power
