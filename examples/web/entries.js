// One token is one of the entries of a list.

const REPLACEMENT = "\ufffd";

export class Entries {
  /**
   * @param {string[]} entries in the order of their ids.
   * @param {number} reserved how many ids come before.
   * @param {number} unknown the id of what is no entry.
   */
  constructor(entries, reserved, unknown) {
    this.entries = entries;
    this.reserved = reserved;
    this.unknown = unknown;
    this.size = reserved + entries.length;
    this.ids = new Map(entries.map((entry, index) => [entry, reserved + index]));
  }

  /** Returns the ids of parts of a text. */
  idsOf(parts) {
    return parts.map((part) => this.ids.get(part) ?? this.unknown);
  }

  /** Returns the parts of a text. */
  partsOf(ids) {
    return ids.map((id) => (id < this.reserved ? REPLACEMENT : this.piece(id)));
  }

  piece(id) {
    return this.entries[id - this.reserved];
  }
}
