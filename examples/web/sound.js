// Samples as a model takes them, by the rules of kseq2seq and its runtime.

const SCALE = 2 ** 15;
const STEP = 0.01; // seconds
const LEAST_SOUND = 5; // steps, in all

/** Returns the mean of channels of equal length. */
export function mixed(channels) {
  return channels[0].map((_, index) => {
    const sum = channels.reduce((total, channel) => Math.fround(total + channel[index]), 0);
    return sum / channels.length;
  });
}

/** Returns samples rounded to 16 bits; where some are louder than full scale, all are scaled. */
export function onGrid(samples) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  return samples.map((sample) => {
    const whole = rounded(Math.fround(Math.fround(sample / peak) * SCALE));
    return Math.max(-SCALE, Math.min(SCALE - 1, whole)) / SCALE;
  });
}

/**
 * Returns whether a recording is silent: fewer than 5 of its steps of 10 ms are louder.
 *
 * @param {Float32Array} samples
 * @param {number} rate samples in a second.
 * @param {number} silence in dB below full scale.
 */
export function silent(samples, rate, silence) {
  const step = rounded(STEP * rate);
  const least = 10 ** (silence / 10);
  let heard = 0;
  for (let at = 0; at < samples.length; at += step) {
    const block = new Float64Array(step); // the last one is filled up with zeros
    block.set(samples.subarray(at, at + step));
    if (variance(block) > least) heard++;
  }
  return heard < LEAST_SOUND;
}

function variance(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

// The nearest whole number, of two the even one.
function rounded(value) {
  const nearest = Math.round(value);
  return Math.abs(nearest - value) === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}
