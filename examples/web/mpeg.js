// The frames of MPEG layer III (mp3).

// Kilobits and samples a second by the numbers in a frame's header.
const KILOBITS = [
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160], // MPEG-2 and 2.5
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320], // MPEG-1
];
const RATES = {
  0: [11_025, 12_000, 8_000],
  2: [22_050, 24_000, 16_000],
  3: [44_100, 48_000, 32_000],
};

/** Returns where the frames begin: behind a tag, if there is one. */
export function firstFrame(bytes) {
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== "ID3") return 0;
  const size = bytes.subarray(6, 10).reduce((sum, byte) => sum * 128 + byte, 0);
  return 10 + size + (bytes[5] & 16 ? 10 : 0);
}

/**
 * Returns what the header of a frame says, or undefined if there is none.
 *
 * @param {Uint8Array} bytes
 * @param {number} at where it begins.
 * @returns {{bytes: number, samples: number, rate: number} | undefined}
 */
export function frameAt(bytes, at) {
  const [first, second, third] = bytes.subarray(at, at + 4);
  if (at + 4 > bytes.length || first !== 0xff || (second & 0xe6) !== 0xe2) return undefined;
  const [version, bits] = [(second >> 3) & 3, third >> 4];
  const rate = RATES[version]?.[(third >> 2) & 3];
  if (!rate || bits === 0 || bits === 15) return undefined;
  const newest = Number(version === 3);
  const size = Math.floor(((72 << newest) * 1000 * KILOBITS[newest][bits]) / rate);
  return { bytes: size + ((third >> 1) & 1), samples: 576 << newest, rate };
}
