// The wire format of protocol buffers, as far as SentencePiece models use it.

const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 };

/**
 * Returns the fields of a message in their order: [number, value] with a value that is a whole
 * number (a varint), a float (32 bits), or bytes (a string or a message within); fields of 64 bits
 * are left out.
 *
 * @param {Uint8Array} bytes one message.
 */
export function* fields(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (type === WIRE.varint) {
      yield [number, varint()];
    } else if (type === WIRE.length) {
      const length = varint();
      yield [number, bytes.subarray(at, at + length)];
      at += length;
    } else if (type === WIRE.fixed32) {
      yield [number, view.getFloat32(at, true)];
      at += 4;
    } else if (type === WIRE.fixed64) {
      at += 8;
    } else {
      throw new Error(
        `Field ${number} of a message has the wire type ${type}, which is not in use.`,
      );
    }
  }
}
