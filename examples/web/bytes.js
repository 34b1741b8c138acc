// One token is one UTF-8 byte.

import { utf8 } from "./bundle.js";

const REPLACEMENT = "\ufffd";

export class Bytes {
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
