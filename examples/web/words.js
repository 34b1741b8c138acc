// One token is one word; white space of any kind stands between words.

import { Entries } from "./entries.js";

// What Python calls white space; JavaScript's own idea of it differs in a few characters.
const SPACES = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

export class Words extends Entries {
  /** @param {string} lines the words, one a line, in the order of their ids. */
  constructor(lines, reserved, unknown) {
    super(lines.replace(/\n$/, "").split("\n"), reserved, unknown);
  }

  encode(text) {
    return this.idsOf(text.split(SPACES).filter((word) => word !== ""));
  }

  decode(ids) {
    return this.partsOf(ids).join(" ");
  }
}
