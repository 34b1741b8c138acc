// One token is one character.

import { Entries } from "./entries.js";

export class Characters extends Entries {
  constructor(characters, reserved, unknown) {
    super(Array.from(characters), reserved, unknown);
  }

  encode(text) {
    return this.idsOf(Array.from(text));
  }

  decode(ids) {
    return this.partsOf(ids).join("");
  }
}
