// How many samples a second a sound file has, so that a browser can be asked for these alone.

import { firstFrame, frameAt } from "./mpeg.js";

const USUAL = 48_000; // of browsers' own recordings, and of all of Opus

/** Returns the rate of a wav, flac, ogg or mp3 file by its first bytes, and 48,000 of others. */
export function rateOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (at, text) =>
    Array.from(text).every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
  if (bytes.length < 64) return USUAL;
  if (has(0, "RIFF") && has(8, "WAVEfmt ")) return view.getUint32(24, true) || USUAL;
  if (has(0, "fLaC")) return view.getUint32(18) >>> 12 || USUAL;
  if (has(0, "OggS")) return (has(29, "vorbis") && view.getUint32(40, true)) || USUAL;
  return frameAt(bytes, firstFrame(bytes))?.rate ?? USUAL;
}
