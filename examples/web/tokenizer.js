// The tokenizers that an exported file may hold, and the rules of ids that all of them share.

import { utf8 } from "./bundle.js";
import { SentencePiece } from "./sentencepiece.js";

const REPLACEMENT = "\ufffd";

/** Text to ids of tokens and back, the same as kseq2seq's `Tokenizer`. */
export class Tokenizer {
  /**
   * @param {Map<string, Uint8Array>} files of the archive.
   * @param {"source" | "target"} side whose tokenizer.
   * @param {{padding: number, start: number, end: number, unknown: number}} special
   * @throws {Error} for what is not text, or has a tokenizer that this page can't read.
   */
  constructor(files, side, special) {
    const { type } = JSON.parse(utf8(files.get(`${side}.json`)));
    if (type !== "text")
      throw new Error(`The ${side} of this model is ${type}; this page is for text.`);
    const folder = `${side}_tokenizer`;
    const settings = JSON.parse(utf8(files.get(`${folder}/tokenizer.json`)));
    const reserved = Object.keys(special).length;
    const kinds = {
      bytes: () => new Bytes(reserved),
      characters: () => new Characters(settings.characters, reserved, special.unknown),
      sentencepiece: () => new SentencePiece(files.get(`${folder}/spm.model`)),
    };
    if (!Object.hasOwn(kinds, settings.type)) {
      const known = Object.keys(kinds).join(", ");
      throw new Error(
        `The ${side} has a tokenizer of the type "${settings.type}"; this page reads ${known}.`,
      );
    }
    if (settings.symbols?.length)
      throw new Error(`The ${side} has a tokenizer with symbols, which this page does not read.`);
    this.special = special;
    this.vocabulary = kinds[settings.type]();
  }

  /** Returns the ids of a text, with neither start nor end. */
  encode(text) {
    return this.vocabulary.encode(text);
  }

  /** Returns the text of ids up to their first end. */
  decode(ids) {
    const { padding, start, end, unknown } = this.special;
    const length = ids.includes(end) ? ids.indexOf(end) : ids.length;
    const spoken = ids.slice(0, length).filter((id) => id !== padding && id !== start);
    return this.vocabulary.decode(
      spoken.map((id) => (id >= 0 && id < this.vocabulary.size ? id : unknown)),
    );
  }

  /** Returns a readable string for an id, special ones as `<end>`. */
  piece(id) {
    const name = Object.keys(this.special).find((key) => this.special[key] === id);
    return name ? `<${name}>` : this.vocabulary.piece(id);
  }
}

// One token is one UTF-8 byte.
class Bytes {
  constructor(reserved) {
    this.reserved = reserved;
    this.size = reserved + 256;
  }

  encode(text) {
    return Array.from(new TextEncoder().encode(text), (byte) => byte + this.reserved);
  }

  decode(ids) {
    const replacement = new TextEncoder().encode(REPLACEMENT);
    const bytes = ids.flatMap((id) =>
      id < this.reserved ? [...replacement] : [id - this.reserved],
    );
    return utf8(new Uint8Array(bytes));
  }

  piece(id) {
    const byte = id - this.reserved;
    const hexadecimal = byte.toString(16).toUpperCase().padStart(2, "0");
    return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `<0x${hexadecimal}>`;
  }
}

// One token is one character.
class Characters {
  constructor(characters, reserved, unknown) {
    this.characters = Array.from(characters);
    this.reserved = reserved;
    this.unknown = unknown;
    this.size = reserved + this.characters.length;
    this.ids = new Map(this.characters.map((character, index) => [character, reserved + index]));
  }

  encode(text) {
    return Array.from(text, (character) => this.ids.get(character) ?? this.unknown);
  }

  decode(ids) {
    return ids.map((id) => (id < this.reserved ? REPLACEMENT : this.piece(id))).join("");
  }

  piece(id) {
    return this.characters[id - this.reserved];
  }
}
