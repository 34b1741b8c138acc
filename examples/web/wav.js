// Wav files of whole numbers, read exactly: browsers scale what is above zero a little differently.

import { truncated } from "./truncation.js";

const PCM = 1;
const EXTENSIBLE = 0xfffe; // the true format stands behind the usual fields
const UNKNOWN = new Set([0x7fffffff, 0x7fffffff - 36, 0xffffffff, 0xffffffff - 36]); // of a pipe

/**
 * Reads a wav file.
 *
 * @param {Uint8Array} bytes
 * @returns {{rate: number, channels: Float32Array[]} | undefined} samples a second, and samples from
 *   -1 to 1; undefined if it is another kind of file, which the browser may read.
 * @throws {Error} for the user, if it is truncated.
 */
export function readWav(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (name(0) !== "RIFF" || name(8) !== "WAVE") return undefined;
  let format;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    const [chunk, body] = [name(at), at + 8];
    if (chunk === "fmt " && body + 16 <= bytes.length) format = formatOf(view, body, size);
    if (chunk === "data") {
      if (size === 0 && body < bytes.length && !/^[A-Za-z0-9]+ *$/.test(name(body)))
        throw truncated("its header counts no samples, and some follow");
      const missing = body + size - bytes.length;
      if (missing > 0 && !UNKNOWN.has(size))
        throw truncated(`${missing} of ${size} bytes of samples are missing`);
      return format && { rate: format.rate, channels: samples(view, body, size, format) };
    }
    at = body + size + (size % 2); // chunks begin at even bytes
  }
  throw truncated("it ends before its samples");
}

// The fields of a format, or undefined if samples are no whole numbers of one to four bytes.
function formatOf(view, at, size) {
  const [tag, channels, rate] = [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
    view.getUint32(at + 4, true),
  ];
  const width = Math.ceil(view.getUint16(at + 14, true) / 8);
  const longer = tag === EXTENSIBLE && size >= 26 && at + 26 <= view.byteLength;
  const whole = (longer ? view.getUint16(at + 24, true) : tag) === PCM;
  const known = whole && channels > 0 && rate > 0 && width >= 1 && width <= 4;
  return known ? { channels, rate, width } : undefined;
}

function samples(view, begin, size, { channels, width }) {
  const number = {
    1: (at) => (view.getUint8(at) - 128) / 2 ** 7,
    2: (at) => view.getInt16(at, true) / 2 ** 15,
    3: (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
    4: (at) => view.getInt32(at, true) / 2 ** 31,
  }[width];
  const frame = channels * width;
  const count = Math.floor(Math.min(size, view.byteLength - begin) / frame);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: count }, (_, index) =>
      number(begin + index * frame + channel * width),
    ),
  );
}
