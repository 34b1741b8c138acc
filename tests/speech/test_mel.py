"""Log-mel features against librosa's, whose numbers are stored here.

They were printed by librosa 0.11.0, with samples as `chirp` makes them and, in front of them, the
zeros that stand before the first window:

    n = 1 << (window - 1).bit_length(); before = (window - step) // 2 + (n - window) // 2
    y = np.concatenate([np.zeros(before), x, np.zeros(n)]).astype("float32")
    m = librosa.feature.melspectrogram(y=y, sr=rate, n_fft=n, win_length=window, hop_length=step,
                                       center=False, n_mels=mels)
    np.log(np.maximum(m, 1e-10)).T[[0, 10, 49], :: mels // 8]
"""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.speech.mel import log_mel, mel_filters, steps

LIBROSA = {
    (8000, 40): [
        [-2.1292, -3.4618, -6.7055, -8.3095, -9.4935, -10.554, -11.505, -12.262],
        [-11.609, 2.1358, -11.854, -15.952, -18.76, -20.976, -23.026, -23.026],
        [-4.9688, -4.5417, -3.0676, -2.5262, -0.94665, -6.333, -7.7547, -8.6908],
    ],
    (16000, 80): [
        [-0.92528, -3.3034, -6.2258, -8.1085, -9.5395, -11.003, -12.35, -13.458],
        [-10.432, -0.90003, -12.921, -17.016, -20.468, -22.554, -23.026, -23.026],
        [-3.5465, -2.9171, 3.5569, -1.4223, -5.36, -7.3016, -8.815, -9.9909],
    ],
}


def chirp(rate, seconds=0.5):
    t = np.arange(int(rate * seconds)) / rate
    tone = 0.1 * np.sin(2 * np.pi * 1234 * t) * (t > 0.2)
    return (0.4 * np.sin(2 * np.pi * (200 * t + 600 * t**2)) + tone).astype("float32")


@pytest.mark.parametrize(("rate", "mels"), LIBROSA)
def test_features_are_those_of_librosa(rate, mels):
    features = log_mel(tf.constant(chirp(rate)[None]), rate, mels).numpy()
    assert features.shape == (1, 50, mels)
    expected = np.array(LIBROSA[rate, mels])
    # In float32, quiet bands beside loud ones are exact to a ten-millionth of the loud ones' power.
    np.testing.assert_allclose(
        np.exp(features[0, [0, 10, 49], :: mels // 8]), np.exp(expected), rtol=1e-4, atol=1e-7
    )
    loud = expected > -8
    found = features[0, [0, 10, 49], :: mels // 8]
    np.testing.assert_allclose(found[loud], expected[loud], atol=2e-3)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_a_row_sees_its_own_step_in_the_middle_of_its_window(rate):
    step = steps(rate)[1]
    click = np.zeros((1, 30 * step), "float32")
    click[0, 10 * step + step // 2] = 1
    rows = np.flatnonzero(log_mel(tf.constant(click), rate, 20).numpy().max(axis=(0, 2)) > -20)
    assert rows.tolist() == [9, 10, 11]


def test_normalization_heeds_what_is_real():
    samples = np.zeros((2, 4000), "float32")
    samples[0], samples[1, :2000] = chirp(8000), chirp(8000)[:2000]
    together = log_mel(tf.constant(samples), 8000, 40, normalized=tf.constant([50, 25])).numpy()
    alone = log_mel(tf.constant(samples[1:, :2000]), 8000, 40, normalized=tf.constant([25]))
    # but for the last window, everything is as if the recording stood alone
    np.testing.assert_allclose(together[1, :25], alone[0], atol=1e-4)
    assert not together[1, 25:].any()
    np.testing.assert_allclose(together[0].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(together[0].std(axis=0), 1, atol=0.01)


def test_too_many_bands_are_refused():
    with pytest.raises(ValueError, match=r"got 200 at 8000 Hz. Lower it, for example to 100"):
        mel_filters(8000, 256, 200)
