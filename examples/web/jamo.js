// One token is one character; Hangul syllables are spelled by the letters they are made of.

import { Characters } from "./characters.js";

const [SYLLABLES, LEADS, VOWELS, TAILS] = [0xac00, 0x1100, 0x1161, 0x11a7]; // tails count from 1
const [VOWEL_COUNT, TAIL_COUNT] = [21, 28];

export class Jamo extends Characters {
  encode(text) {
    return super.encode(spelled(text));
  }

  decode(ids) {
    return composed(super.decode(ids));
  }
}

/** Returns a text whose Hangul syllables are two or three conjoining letters each. */
export function spelled(text) {
  return text.replace(/[\uac00-\ud7a3]/g, (found) => {
    const index = found.charCodeAt(0) - SYLLABLES;
    const [rest, tail] = [Math.floor(index / TAIL_COUNT), index % TAIL_COUNT];
    const [lead, vowel] = [Math.floor(rest / VOWEL_COUNT), rest % VOWEL_COUNT];
    const letters = [LEADS + lead, VOWELS + vowel, ...(tail ? [TAILS + tail] : [])];
    return String.fromCharCode(...letters);
  });
}

/** Returns a text whose conjoining letters are syllables, where they make some. */
export function composed(text) {
  const letters = /([\u1100-\u1112])([\u1161-\u1175])([\u11a8-\u11c2]?)/g;
  return text.replace(letters, (_, lead, vowel, tail) => {
    const first = lead.charCodeAt(0) - LEADS;
    const second = vowel.charCodeAt(0) - VOWELS;
    const third = tail ? tail.charCodeAt(0) - TAILS : 0;
    return String.fromCharCode(SYLLABLES + (first * VOWEL_COUNT + second) * TAIL_COUNT + third);
  });
}
