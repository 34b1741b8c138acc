// SentencePiece's normalization: a table of replacements, and rules about spaces.

import { utf8 } from "./bundle.js";
import { fields } from "./protobuf.js";

export const SPACE_MARK = "▁"; // U+2581, which stands for a space inside a model
const SPACE = 0x20;

/** Replaces text by a `NormalizerSpec`; works on UTF-8, as the table's keys are bytes. */
export class Normalizer {
  /**
   * @param {Uint8Array} spec a serialized NormalizerSpec.
   * @param {string[]} untouched pieces that are left as they are.
   * @param {boolean} spaceAsSuffix whether the added space goes to the end.
   */
  constructor(spec, untouched, spaceAsSuffix) {
    const settings = new Map(fields(spec));
    this.charsmap = settings.get(2)?.length ? new Charsmap(settings.get(2)) : undefined;
    this.addSpace = Boolean(settings.get(3) ?? 1);
    this.trim = Boolean(settings.get(4) ?? 1);
    this.space = Array.from(new TextEncoder().encode((settings.get(5) ?? 1) ? SPACE_MARK : " "));
    this.untouched = untouched.map((piece) => new TextEncoder().encode(piece));
    this.untouched.sort((one, other) => other.length - one.length);
    this.spaceAsSuffix = spaceAsSuffix;
  }

  /** Returns the text as the model's pieces are written. */
  normalize(text) {
    const parts = [...this.#replaced(new TextEncoder().encode(text))];
    const first = this.trim ? parts.findIndex((part) => !isSpace(part)) : 0;
    if (first < 0 || !parts.length) return "";

    const made = this.addSpace && !this.spaceAsSuffix ? [...this.space] : [];
    let afterSpace = this.trim;
    for (const part of parts.slice(first)) {
      let from = 0;
      while (afterSpace && part[from] === SPACE) from++;
      for (const byte of part.slice(from)) made.push(...(byte === SPACE ? this.space : [byte]));
      if (from < part.length) afterSpace = this.trim && part.at(-1) === SPACE;
    }
    if (this.trim) while (endsWith(made, this.space)) made.length -= this.space.length;
    if (this.addSpace && this.spaceAsSuffix) made.push(...this.space);
    return utf8(new Uint8Array(made));
  }

  // What each stretch of the text becomes, each a list of bytes.
  *#replaced(bytes) {
    for (let at = 0; at < bytes.length;) {
      const untouched = this.untouched.find((piece) => startsWith(bytes, at, piece));
      const found = untouched ? undefined : this.charsmap?.longest(bytes, at);
      const length = untouched?.length ?? found?.length ?? characterBytes(bytes[at]);
      yield found ? found.replacement : Array.from(bytes.subarray(at, at + length));
      at += length;
    }
  }
}

/** Returns how many bytes the UTF-8 character has that begins with a byte. */
export function characterBytes(byte) {
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// The table: a double-array trie of the keys, then all replacements, each closed by a zero byte.
class Charsmap {
  constructor(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = view.getUint32(0, true);
    this.units = new Uint32Array(size / 4).map((_, index) => view.getUint32(4 + 4 * index, true));
    this.replacements = bytes.subarray(4 + size);
  }

  // The longest key that `bytes` has at `at`: its length, and its replacement.
  longest(bytes, at) {
    let found;
    let node = offset(this.units[0]);
    for (let end = at; end < bytes.length; end++) {
      node ^= bytes[end];
      const unit = this.units[node];
      if ((unit & 0x800000ff) !== bytes[end]) break; // a label, and not a leaf
      node ^= offset(unit);
      if ((unit >>> 8) & 1) {
        const start = this.units[node] & 0x7fffffff;
        const stop = this.replacements.indexOf(0, start);
        const replacement = Array.from(this.replacements.subarray(start, stop));
        found = { length: end + 1 - at, replacement };
      }
    }
    return found;
  }
}

function offset(unit) {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function isSpace(bytes) {
  return bytes.length === 1 && bytes[0] === SPACE;
}

function startsWith(bytes, at, head) {
  return head.every((byte, index) => bytes[at + index] === byte);
}

function endsWith(bytes, tail) {
  return (
    bytes.length >= tail.length &&
    tail.every((byte, index) => byte === bytes.at(index - tail.length))
  );
}
