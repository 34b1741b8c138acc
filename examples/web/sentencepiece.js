// SentencePiece: text to the ids of a trained model's pieces, and back.

import { utf8 } from "./bundle.js";
import { bytePairs } from "./byte_pairs.js";
import { characterBytes, Normalizer, SPACE_MARK } from "./normalizer.js";
import { fields } from "./protobuf.js";
import { unigram } from "./unigram.js";

// Numbers of the format: types of pieces, then of models.
const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5, BYTE = 6;
const UNIGRAM = 1, BYTE_PAIRS = 2;
const UNKNOWN_PENALTY = 10; // below the lowest score

export class SentencePiece {
  /** @param {Uint8Array} model a serialised SentencePiece model (`spm.model`). */
  constructor(model) {
    const parts = [...fields(model)];
    const part = (number) => parts.find(([field]) => field === number)?.[1] ?? new Uint8Array();
    const trainer = new Map(fields(part(2)));
    const normalizer = new Map(fields(part(3)));
    const type = trainer.get(3) ?? UNIGRAM;
    this.pieces = parts.filter(([field]) => field === 1).map(([, bytes]) => pieceOf(bytes));
    if (![UNIGRAM, BYTE_PAIRS].includes(type) || this.pieces.some((piece) => piece.type === UNUSED)) {
      throw new Error("This page reads unigram and byte-pair models of SentencePiece, all pieces in use.");
    }
    this.unknown = this.pieces.findIndex((piece) => piece.type === UNKNOWN);
    this.unknownText = trainer.has(44) ? utf8(trainer.get(44)) : " ⁇ ";
    this.byteFallback = Boolean(trainer.get(35));
    this.stripsStart = Boolean((normalizer.get(3) ?? 1) || (normalizer.get(4) ?? 1));

    const ofType = (...types) => this.pieces.filter((piece) => types.includes(piece.type));
    const byLength = (one, other) => other.length - one.length;
    const whole = ofType(USER_DEFINED).map((piece) => piece.text).sort(byLength);
    const known = ofType(NORMAL, USER_DEFINED);
    this.ids = new Map(known.map(({ text, id }) => [text, id]));
    this.bytes = new Map(ofType(BYTE).map(({ text, id }) => [id, parseInt(text.slice(3), 16)]));
    this.byteIds = new Map(Array.from(this.bytes, ([id, byte]) => [byte, id]));
    this.normalizer = new Normalizer(part(3), whole, Boolean(trainer.get(24)));
    if (type === BYTE_PAIRS) {
      const scores = new Map(known.map(({ text, score }) => [text, score]));
      this.segment = (text) => bytePairs(text, scores, whole);
    } else {
      const [lowest, highest] = extremes(ofType(NORMAL).map((piece) => piece.score));
      // A piece that must stay whole beats whatever else covers its bytes.
      const ofWhole = (text) => new TextEncoder().encode(text).length * highest - 0.1;
      const scoreOf = (piece) => (piece.type === NORMAL ? piece.score : ofWhole(piece.text));
      const scores = new Map(known.map((piece) => [piece.text, scoreOf(piece)]));
      this.segment = (text) => unigram(text, scores, Math.fround(lowest - UNKNOWN_PENALTY));
    }
  }

  get size() {
    return this.pieces.length;
  }

  encode(text) {
    const ids = [];
    let afterUnknown = false;
    for (const piece of this.segment(this.normalizer.normalize(text))) {
      const id = this.ids.get(piece);
      if (id !== undefined) ids.push(id);
      else if (this.byteFallback) for (const byte of new TextEncoder().encode(piece)) ids.push(this.byteIds.get(byte));
      else if (!afterUnknown) ids.push(this.unknown); // one for a run of unknown characters
      afterUnknown = id === undefined;
    }
    return ids;
  }

  /** Returns the text of ids that are all text or unknown. */
  decode(ids) {
    let text = "";
    let bytes = [];
    for (const id of ids) {
      if (this.bytes.has(id)) {
        bytes.push(this.bytes.get(id));
      } else {
        text += textOfBytes(bytes);
        text += this.#textOf(id, text === "");
        bytes = [];
      }
    }
    return text + textOfBytes(bytes);
  }

  /** Returns the piece of an id; "▁" in it stands for a space. */
  piece(id) {
    return this.pieces[id].text;
  }

  #textOf(id, first) {
    const { text, type } = this.pieces[id];
    if (type === CONTROL) return "";
    if (type === UNKNOWN) return this.unknownText;
    const strips = first && this.stripsStart && text.startsWith(SPACE_MARK);
    return (strips ? text.slice(1) : text).replaceAll(SPACE_MARK, " ");
  }
}

function pieceOf(bytes, id) {
  const piece = new Map(fields(bytes));
  return { id, text: utf8(piece.get(1)), score: piece.get(2) ?? 0, type: piece.get(3) ?? NORMAL };
}

function extremes(numbers) {
  const [lowest, highest] = [Math.min, Math.max].map((pick) => numbers.reduce((one, other) => pick(one, other)));
  return [lowest, highest];
}

// Each byte that belongs to no character is one U+FFFD.
function textOfBytes(bytes) {
  const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes[at]);
    try {
      text += strict.decode(new Uint8Array(bytes.slice(at, at + length)));
      at += length;
    } catch {
      text += "\ufffd";
      at++;
    }
  }
  return text;
}
