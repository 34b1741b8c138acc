// SentencePiece: text to the ids of a trained model's pieces, and back.

import { utf8 } from "./bundle.js";
import { bytePairs } from "./byte_pairs.js";
import { characterBytes, Normalizer, SPACE_MARK } from "./normalizer.js";
import { fields } from "./protobuf.js";
import { unigram } from "./unigram.js";

// Numbers of the format.
const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };
const MODEL = { unigram: 1, bytePairs: 2 };
const UNKNOWN_PENALTY = 10; // below the lowest score

export class SentencePiece {
  /** @param {Uint8Array} model a serialized SentencePiece model (`spm.model`). */
  constructor(model) {
    const parts = [...fields(model)];
    const part = (number) => parts.find(([field]) => field === number)?.[1] ?? new Uint8Array();
    const trainer = new Map(fields(part(2)));
    const type = trainer.get(3) ?? MODEL.unigram;
    this.pieces = parts.filter(([field]) => field === 1).map(([, bytes], id) => pieceOf(bytes, id));
    if (
      ![MODEL.unigram, MODEL.bytePairs].includes(type) ||
      this.pieces.some((piece) => piece.type === PIECE.unused)
    ) {
      throw new Error(
        "This page reads unigram and byte-pair models of SentencePiece, all pieces in use.",
      );
    }
    this.unknown = this.pieces.findIndex((piece) => piece.type === PIECE.unknown);
    this.unknownText = trainer.has(44) ? utf8(trainer.get(44)) : " ⁇ ";
    this.byteFallback = Boolean(trainer.get(35));

    const ofType = (...types) => this.pieces.filter((piece) => types.includes(piece.type));
    const byLength = (one, other) => other.length - one.length;
    const whole = ofType(PIECE.userDefined)
      .map((piece) => piece.text)
      .sort(byLength);
    const known = ofType(PIECE.normal, PIECE.userDefined);
    this.ids = new Map(known.map(({ text, id }) => [text, id]));
    this.byteOf = new Map(
      ofType(PIECE.byte).map(({ text, id }) => [id, parseInt(text.slice(3), 16)]),
    );
    this.byteIds = new Map(Array.from(this.byteOf, ([id, byte]) => [byte, id]));
    this.normalizer = new Normalizer(part(3), whole, Boolean(trainer.get(24)));
    if (type === MODEL.bytePairs) {
      const scores = new Map(known.map(({ text, score }) => [text, score]));
      this.segment = (text) => bytePairs(text, scores, whole);
    } else {
      const ofNormal = ofType(PIECE.normal)
        .map((piece) => piece.score)
        .sort((one, other) => one - other);
      const [lowest, highest] = [ofNormal.at(0), ofNormal.at(-1)];
      // A piece that must stay whole beats whatever else covers its bytes.
      const ofWhole = (text) => new TextEncoder().encode(text).length * highest - 0.1;
      const scoreOf = (piece) => (piece.type === PIECE.normal ? piece.score : ofWhole(piece.text));
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
      else if (this.byteFallback)
        for (const byte of new TextEncoder().encode(piece)) ids.push(this.byteIds.get(byte));
      else if (!afterUnknown) ids.push(this.unknown); // one for a run of unknown characters
      afterUnknown = id === undefined;
    }
    return ids;
  }

  /** Returns the text of ids that are all text or unknown. */
  decode(ids) {
    const { trim, addSpace } = this.normalizer;
    let leading = trim ? Infinity : Number(addSpace); // spaces at the start that are not text
    let text = "";
    let bytes = [];
    for (const id of ids) {
      if (this.byteOf.has(id)) {
        bytes.push(this.byteOf.get(id));
        continue;
      }
      text += textOfBytes(bytes);
      bytes = [];
      let piece = this.#textOf(id);
      if (text === "" && leading > 0 && piece.startsWith(SPACE_MARK)) {
        piece = piece.slice(1);
        leading--;
      }
      text += piece.replaceAll(SPACE_MARK, " ");
    }
    return text + textOfBytes(bytes);
  }

  /** Returns the piece of an id; "▁" in it stands for a space. */
  piece(id) {
    return this.pieces[id].text;
  }

  #textOf(id) {
    const { text, type } = this.pieces[id];
    return type === PIECE.control ? "" : type === PIECE.unknown ? this.unknownText : text;
  }
}

function pieceOf(bytes, id) {
  const piece = new Map(fields(bytes));
  return {
    id,
    text: utf8(piece.get(1)),
    score: piece.get(2) ?? 0,
    type: piece.get(3) ?? PIECE.normal,
  };
}

// Each byte that belongs to no character is one U+FFFD.
function textOfBytes(bytes) {
  const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  let text = "";
  for (let at = 0; at < bytes.length;) {
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
