// One exported file: a TFLite flatbuffer, and behind it a zip archive of what goes with it.

const NEWEST_FORMAT = 1;
const RECORD = "kseq2seq.json";
const END_RECORD = { signature: 0x06054b50, bytes: 22, longestComment: 0xffff };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };

/**
 * Reads and checks a file that kseq2seq exported.
 *
 * @param {Uint8Array} bytes the whole file.
 * @returns {Promise<{model: Uint8Array, record: object, files: Map<string, Uint8Array>}>} the
 *   flatbuffer; what `kseq2seq.json` says; and the files in the archive by their names.
 * @throws {Error} with a message for the user, if the file is another, damaged or too new.
 */
export async function readBundle(bytes) {
  if (latin(bytes.subarray(4, 8)) !== "TFL3") {
    throw new Error("This is not a TFLite model. Choose a .tflite file that kseq2seq exported.");
  }
  const entries = centralDirectory(bytes);
  if (!entries?.has(RECORD)) {
    throw new Error(
      "This TFLite model has no kseq2seq archive at its end: another program wrote it, or the file " +
        "is truncated. Copy it again, or choose a file that kseq2seq exported.",
    );
  }
  const record = parsed(await content(bytes, entries, RECORD));
  if (record.format_version > NEWEST_FORMAT) {
    throw new Error(
      `This file has format version ${record.format_version}, and this page reads up to ` +
        `${NEWEST_FORMAT}. Use a newer page, or export the model with an older kseq2seq.`,
    );
  }
  const model = bytes.subarray(0, record.model_bytes);
  await check(model, record.model_sha256, "model");
  const files = new Map();
  for (const [name, { entry, sha256 }] of Object.entries(record.files)) {
    const file = await content(bytes, entries, entry);
    await check(file, sha256, name);
    files.set(name, file);
  }
  return { model, record, files };
}

/** Returns the text of bytes; a byte order mark is a character like any other. */
export function utf8(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function latin(bytes) {
  return String.fromCharCode(...bytes);
}

// Returns the archive's entries by name, or undefined if there is no archive at the end.
function centralDirectory(bytes) {
  const view = viewOf(bytes);
  let end = bytes.length - END_RECORD.bytes;
  const last = Math.max(0, end - END_RECORD.longestComment);
  while (end >= last && view.getUint32(end, true) !== END_RECORD.signature) end--;
  if (end < last) return undefined;
  const size = view.getUint32(end + 12, true);
  // Offsets count from where the archive begins, or from the front of the file: writers differ.
  const shift = end - size - view.getUint32(end + 16, true);
  if (shift < 0) return undefined;
  const entries = new Map();
  for (let at = end - size; at < end;) {
    if (at + CENTRAL.bytes > end || view.getUint32(at, true) !== CENTRAL.signature)
      return undefined;
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    entries.set(utf8(bytes.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + name)), {
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      local: shift + view.getUint32(at + 42, true),
    });
    at += CENTRAL.bytes + name + extra + comment;
  }
  return entries;
}

async function content(bytes, entries, name) {
  const entry = entries.get(name);
  const view = viewOf(bytes);
  const { method, packed, local } = entry ?? {};
  if (
    !entry ||
    local + LOCAL.bytes > bytes.length ||
    view.getUint32(local, true) !== LOCAL.signature
  ) {
    throw damaged(name);
  }
  const start =
    local + LOCAL.bytes + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const data = bytes.subarray(start, start + packed);
  if (method === 0) return data;
  try {
    const inflated = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(inflated).arrayBuffer());
  } catch {
    throw damaged(name);
  }
}

function parsed(bytes) {
  try {
    return JSON.parse(utf8(bytes));
  } catch {
    throw damaged(RECORD);
  }
}

async function check(bytes, sha256, name) {
  if (!globalThis.crypto?.subtle) {
    throw new Error("The browser checks files only on pages from https:// or from localhost.");
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw damaged(name);
}

function damaged(name) {
  return new Error(`The file is damaged: its ${name} is not what was exported. Copy it again.`);
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
