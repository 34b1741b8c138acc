// How many samples a second a sound file has, so that a browser can be asked for these alone.

const USUAL = 48_000; // of browsers' own recordings, and of all of Opus

// Samples a second by the numbers in a frame's header of MPEG layer III.
const MPEG = {
  0: [11_025, 12_000, 8_000],
  2: [22_050, 24_000, 16_000],
  3: [44_100, 48_000, 32_000],
};

/** Returns the rate of a wav, flac, ogg or mp3 file by its first bytes, and 48,000 of others. */
export function rateOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (at, text) =>
    Array.from(text).every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
  if (bytes.length < 64) return USUAL;
  if (has(0, "RIFF") && has(8, "WAVEfmt ")) return view.getUint32(24, true) || USUAL;
  if (has(0, "fLaC")) return view.getUint32(18) >>> 12 || USUAL;
  if (has(0, "OggS")) return (has(29, "vorbis") && view.getUint32(40, true)) || USUAL;
  return mpegRate(bytes.subarray(has(0, "ID3") ? tagBytes(bytes) : 0)) ?? USUAL;
}

// How long a tag before the sound is; its size has seven bits a byte.
function tagBytes(bytes) {
  const size = bytes.subarray(6, 10).reduce((sum, byte) => sum * 128 + byte, 0);
  return 10 + size + (bytes[5] & 16 ? 10 : 0);
}

function mpegRate([first, second, third]) {
  if (first !== 0xff || (second & 0xe6) !== 0xe2) return undefined;
  return MPEG[(second >> 3) & 3]?.[(third >> 2) & 3];
}
