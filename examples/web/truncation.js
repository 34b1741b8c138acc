// Sound files that end before they should, which browsers read without an error.

import { firstFrame, frameAt } from "./mpeg.js";

const PAGE = [0x4f, 0x67, 0x67, 0x53]; // "OggS"
const LONGEST_PAGE = 65_307; // bytes
const LAST = 4; // the flag of a stream's last page

/**
 * Checks that an ogg or mp3 file is whole; others are not looked at.
 *
 * @param {Uint8Array} bytes
 * @param {number} read samples of each channel that a decoder read.
 * @throws {Error} for the user, if it is truncated.
 */
export function checkWhole(bytes, read) {
  const why = isPage(bytes, 0) ? ofPages(bytes) : ofFrames(bytes, read);
  if (why) throw truncated(why);
}

/** Returns an error for the user that says why a file is truncated. */
export function truncated(why) {
  return new Error(`It is truncated: ${why}. Copy it again.`);
}

// An ogg file ends with a whole page that is marked as the last of its stream.
function ofPages(bytes) {
  const first = Math.max(0, bytes.length - 2 * LONGEST_PAGE);
  let at = bytes.length - PAGE.length;
  while (at >= first && !(isPage(bytes, at) && pageEnd(bytes, at) <= bytes.length)) at--;
  return at >= first && bytes[at + 5] & LAST ? "" : "its last page is missing";
}

function isPage(bytes, at) {
  return PAGE.every((byte, index) => bytes[at + index] === byte);
}

function pageEnd(bytes, at) {
  const head = 27 + bytes[at + 26];
  if (!(at + head <= bytes.length)) return Infinity;
  return at + bytes.subarray(at + 27, at + head).reduce((sum, size) => sum + size, head);
}

// An mp3 file has as many frames as its first one counts, the last is whole, and all are read.
function ofFrames(bytes, read) {
  const begin = firstFrame(bytes);
  const first = frameAt(bytes, begin);
  if (!first) return ""; // of another format
  let [count, samples, at] = [0, 0, begin];
  for (let frame; (frame = frameAt(bytes, at)); at += frame.bytes) {
    if (at + frame.bytes > bytes.length) return "its last frame is cut";
    count++;
    samples += frame.samples;
  }
  const head = bytes.subarray(begin, begin + Math.min(first.bytes, 64));
  const text = String.fromCharCode(...head);
  const tag = Math.max(text.indexOf("Xing"), text.indexOf("Info"));
  if (tag > 0 && head[tag + 7] & 1) {
    const counted = head.subarray(tag + 8, tag + 12).reduce((sum, byte) => sum * 256 + byte, 0);
    if (count - 1 < counted) return `${counted - count + 1} of ${counted} frames are missing`;
  } else if (read < samples - 3 * first.samples) {
    return "it has no count of its frames, and decoders stop early";
  }
  return "";
}
