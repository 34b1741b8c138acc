// The tokenizers that an exported file may hold, and the rules of ids that all of them share.

import { utf8 } from "./bundle.js";
import { Bytes } from "./bytes.js";
import { Characters } from "./characters.js";
import { Jamo } from "./jamo.js";
import { SentencePiece } from "./sentencepiece.js";
import { Words } from "./words.js";

// Each kind is made of: a function that reads a file beside its settings, the settings, how many
// ids are reserved, and the id of what is unknown.
const KINDS = {
  bytes: (read, settings, reserved) => new Bytes(reserved),
  characters: (read, settings, ...ids) => new Characters(settings.characters, ...ids),
  jamo: (read, settings, ...ids) => new Jamo(settings.characters, ...ids),
  words: (read, settings, ...ids) => new Words(utf8(read("words.txt")), ...ids),
  sentencepiece: (read) => new SentencePiece(read("spm.model")),
};

/** Text to ids of tokens and back, the same as kseq2seq's `Tokenizer`. */
export class Tokenizer {
  /**
   * @param {Map<string, Uint8Array>} files of the archive.
   * @param {"source" | "target"} side whose tokenizer.
   * @param {{padding: number, start: number, end: number, unknown: number}} special
   * @throws {Error} for a tokenizer that this page can't read.
   */
  constructor(files, side, special) {
    const read = (name) => files.get(`${side}_tokenizer/${name}`);
    const settings = JSON.parse(utf8(read("tokenizer.json")));
    if (!Object.hasOwn(KINDS, settings.type)) {
      const known = Object.keys(KINDS).join(", ");
      throw new Error(
        `The ${side} has a tokenizer of the type "${settings.type}"; this page reads ${known}.`,
      );
    }
    if (settings.symbols?.length)
      throw new Error(`The ${side} has a tokenizer with symbols, which this page does not read.`);
    this.special = special;
    const reserved = Object.keys(special).length;
    this.vocabulary = KINDS[settings.type](read, settings, reserved, special.unknown);
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
