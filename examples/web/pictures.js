// Pictures resized by the arithmetic of kseq2seq and its runtime, and not as browsers do it.
//
// Pixels are { height, width, channels, values }: rows of pixels from 0 to 255.

const WHITE = 255;
const GRAY = [0.299, 0.587, 0.114].map(Math.fround); // of red, green and blue
const { floor, fround, max, min } = Math;

/**
 * Returns opaque pixels with the channels that a model takes.
 *
 * @param {{height: number, width: number, data: Uint8ClampedArray}} image of four channels.
 * @param {number} channels 1, shades of gray, or 3.
 */
export function colors({ height, width, data }, channels) {
  const values = new Uint8Array(height * width * channels);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const [red, green, blue] = [data[from], data[from + 1], data[from + 2]];
    if (channels === 1) values[to++] = gray(red, green, blue);
    else for (const color of [red, green, blue]) values[to++] = color;
  }
  return { height, width, channels, values };
}

/** Returns pixels resized as a whole, and centered on white. */
export function fitted(pixels, height, width) {
  const narrow = pixels.width * height <= pixels.height * width; // the height limits it
  const high = narrow ? height : share(pixels.height, width, pixels.width);
  const wide = narrow ? share(pixels.width, height, pixels.height) : width;
  const [top, left] = [floor((height - high) / 2), floor((width - wide) / 2)];
  return onWhite(resize(pixels, high, wide), height, width, top, left);
}

/** Returns pixels of a height, as wide as is in proportion. */
export function ofHeight(pixels, height) {
  return resize(pixels, height, share(pixels.width, height, pixels.height));
}

/** Returns white pixels with others on them, of which there is seen what has room. */
export function onWhite({ width: wide, height: high, channels, values }, height, width, top, left) {
  const frame = new Uint8Array(height * width * channels).fill(WHITE);
  const length = min(wide, width - left) * channels;
  for (let row = 0; row < min(high, height - top); row++) {
    const from = row * wide * channels;
    frame.set(values.subarray(from, from + length), ((top + row) * width + left) * channels);
  }
  return { height, width, channels, values: frame };
}

/** Returns pixels in another size: each is a mean, weighed by a triangle. */
export function resize({ height: high, width: wide, channels, values }, height, width) {
  let numbers = values;
  if (height !== high) numbers = weighed(numbers, 1, high, height, wide * channels);
  if (width !== wide) numbers = weighed(numbers, height, wide, width, channels);
  return { height, width, channels, values: Uint8Array.from(numbers, rounded) };
}

// Numbers [outer][size][inner] as [outer][next][inner].
function weighed(numbers, outer, size, next, inner) {
  const made = new Float32Array(outer * next * inner);
  const sums = new Float64Array(inner);
  for (let to = 0; to < next; to++) {
    const { first, weights } = weightsOf(size, next, to);
    for (let block = 0; block < outer; block++) {
      sums.fill(0);
      weights.forEach((weight, index) => {
        const from = (block * size + first + index) * inner;
        for (let at = 0; at < inner; at++) sums[at] += weight * numbers[from + at];
      });
      made.set(sums, (block * next + to) * inner);
    }
  }
  return made;
}

// How much each old pixel, from `first` on, is of a new one; in 32 bits, as elsewhere.
function weightsOf(size, next, to) {
  const step = fround(1 / fround(next / size));
  const reach = max(step, 1);
  const middle = fround((to + 0.5) * step);
  const first = max(0, floor(middle - reach));
  const last = min(size, floor(middle + reach) + 1);
  const weights = Float32Array.from({ length: last - first }, (_, index) => {
    const away = Math.abs(fround(first + index + 0.5 - middle));
    return max(1 - fround(away / reach), 0);
  });
  const sum = fround(weights.reduce((one, other) => one + other));
  return { first, weights: weights.map((weight) => weight / sum) };
}

// `size * to / of` in whole numbers, halves upward, at least 1.
function share(size, to, of) {
  return max(floor((2 * size * to + of) / (2 * of)), 1);
}

function gray(red, green, blue) {
  const yellow = fround(fround(GRAY[0] * red) + fround(GRAY[1] * green));
  return rounded(fround(yellow + fround(GRAY[2] * blue)));
}

function rounded(number) {
  return max(0, min(WHITE, floor(fround(number + 0.5))));
}
