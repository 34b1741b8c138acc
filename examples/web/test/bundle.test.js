// Files that are whole, damaged, too new or no model at all; see fixtures.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readBundle, utf8 } from "../bundle.js";

const read = async (name) =>
  new Uint8Array(await readFile(new URL(`fixtures/${name}.tflite`, import.meta.url)));
const whole = await read("unigram");
const changed = (at) => whole.map((byte, index) => (index === at ? byte ^ 1 : byte));

test("a file gives its model, its record and its files, those that are stored once too", async () => {
  const { model, record, files } = await readBundle(whole);
  assert.equal(model.length, 264);
  assert.equal(utf8(model.subarray(4, 8)), "TFL3");
  assert.deepEqual(record.special, { padding: 0, start: 1, end: 2, unknown: 3 });
  assert.equal(record.files["target_tokenizer/spm.model"].entry, "source_tokenizer/spm.model");
  assert.deepEqual(
    files.get("target_tokenizer/spm.model"),
    files.get("source_tokenizer/spm.model"),
  );
  assert.deepEqual(JSON.parse(utf8(files.get("source.json"))), { format_version: 1, type: "text" });
});

test("an archive that is stored, has a comment, and counts from its own beginning is read", async () => {
  const { files } = await readBundle(await read("rezipped"));
  assert.equal(JSON.parse(utf8(files.get("source_tokenizer/tokenizer.json"))).type, "bytes");
});

test("what is no TFLite model is refused", async () => {
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("PK"), whole.subarray(264)]) {
    await assert.rejects(readBundle(bytes), /not a TFLite model/);
  }
});

test("a model without an archive, and a file that is cut anywhere, is refused", async () => {
  for (const length of [8, 264, 300, whole.length - 100, whole.length - 1]) {
    await assert.rejects(
      readBundle(whole.subarray(0, length)),
      /no kseq2seq archive|truncated/,
      String(length),
    );
  }
});

test("a change in the model or in a file is found", async () => {
  await assert.rejects(readBundle(changed(100)), /damaged: its model/);
  await assert.rejects(readBundle(changed(20_000)), /damaged: its source_tokenizer\/spm.model/);
});

test("a newer format is refused, whatever else is in the file", async () => {
  await assert.rejects(readBundle(await read("newer")), /format version 2.*reads up to 1/);
});
