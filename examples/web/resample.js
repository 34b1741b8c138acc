// Sound at another rate, by a windowed sinc.

const REACH = 74; // samples at the lower rate, on each side
const PASSED = 0.956; // of the lower Nyquist frequency, where half the amplitude is left
const SHAPE = 10; // of the Kaiser window: -100 dB beyond what is passed
const FINE = 512; // entries of the table for each sample

/**
 * Returns samples at another rate.
 *
 * @param {Float32Array} samples
 * @param {number} own samples a second that they have.
 * @param {number} rate samples a second that are wanted.
 */
export function resample(samples, own, rate) {
  if (own === rate) return samples;
  const table = kernel();
  const scale = Math.min(1, rate / own); // from places in the samples to places in the kernel
  const made = new Float32Array(Math.round((samples.length * rate) / own));
  for (let index = 0; index < made.length; index++) {
    const middle = (index * own) / rate;
    const first = Math.max(0, Math.ceil(middle - REACH / scale));
    const last = Math.min(samples.length - 1, Math.floor(middle + REACH / scale));
    let sum = 0;
    for (let at = first; at <= last; at++) {
      const place = Math.abs(at - middle) * scale * FINE;
      const entry = Math.floor(place);
      const between = table[entry] + (table[entry + 1] - table[entry]) * (place - entry);
      sum += samples[at] * between;
    }
    made[index] = sum * scale;
  }
  return made;
}

// Half of the kernel: it is even.
function kernel() {
  return Float64Array.from({ length: REACH * FINE + 2 }, (_, index) => {
    const place = index / FINE;
    const angle = Math.PI * PASSED * place;
    const sinc = index ? Math.sin(angle) / angle : 1;
    const inside = Math.max(0, 1 - (place / REACH) ** 2);
    return (PASSED * sinc * bessel(SHAPE * Math.sqrt(inside))) / bessel(SHAPE);
  });
}

// The modified Bessel function of order 0, by its power series.
function bessel(value) {
  let [sum, term] = [1, 1];
  for (let order = 1; term > 1e-12 * sum; order++) {
    term *= (value / (2 * order)) ** 2;
    sum += term;
  }
  return sum;
}
