// Ids and texts equal those of the sentencepiece library and of kseq2seq; see fixtures.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readBundle } from "../bundle.js";
import { composed, spelled } from "../jamo.js";
import { Tokenizer } from "../tokenizer.js";

const folder = new URL("fixtures/", import.meta.url);
const { lines, tokenizers } = JSON.parse(await readFile(new URL("cases.json", folder), "utf8"));

async function load(name, side = "source") {
  const { record, files } = await readBundle(
    new Uint8Array(await readFile(new URL(`${name}.tflite`, folder))),
  );
  return new Tokenizer(files, side, record.special);
}

for (const [name, { ids, texts, drawn }] of Object.entries(tokenizers)) {
  test(`${name}: ids of ${lines.length} lines`, async () => {
    const tokenizer = await load(name);
    lines.forEach((line, index) =>
      assert.deepEqual(tokenizer.encode(line), ids[index], JSON.stringify(line)),
    );
  });

  test(`${name}: texts of ids`, async () => {
    const tokenizer = await load(name, "target");
    ids.forEach((row, index) => assert.equal(tokenizer.decode(row), texts[index], String(row)));
    drawn.forEach(([row, text]) => assert.equal(tokenizer.decode(row), text, String(row)));
  });
}

test("what is no text is left out of a text, and ids that there are not become unknown", async () => {
  const tokenizer = await load("bytes");
  assert.equal(tokenizer.decode([1, 4 + 0x68, 0, 4 + 0x69, 2, 4 + 0x21]), "hi");
  assert.equal(tokenizer.decode([4 + 0x68, 3, -1, 9999]), "h\ufffd\ufffd\ufffd");
});

test("syllables are spelled by letters and composed again, as far as letters make some", () => {
  const all = Array.from({ length: 0xd7a4 - 0xac00 }, (_, index) => 0xac00 + index);
  const text = String.fromCharCode(...all);
  assert.equal(spelled(text), text.normalize("NFD"));
  assert.equal(composed(spelled(text)), text);
  assert.equal(composed("\u1100\u1100\u1161\u11a8\u11a8x\u1161"), "\u1100각\u11a8x\u1161");
  assert.equal(composed("\u1113\u1161"), "\u1113\u1161"); // an old letter makes no syllable
});

test("every id has a readable piece", async () => {
  const tokenizer = await load("bytes");
  assert.deepEqual(
    [0, 1, 2, 3, 4 + 0x41, 4 + 0x20].map((id) => tokenizer.piece(id)),
    ["<padding>", "<start>", "<end>", "<unknown>", "A", "<0x20>"],
  );
  assert.equal((await load("unigram")).piece(2), "<end>");
});

test("another type of tokenizer is refused by name", () => {
  const json = (type) => new TextEncoder().encode(JSON.stringify({ type }));
  const files = new Map([["source_tokenizer/tokenizer.json", json("wordpiece")]]);
  assert.throws(
    () => new Tokenizer(files, "source", {}),
    /source has a tokenizer of the type "wordpiece"/,
  );
  const symbols = JSON.stringify({ type: "bytes", symbols: ["<ko>"] });
  files.set("source_tokenizer/tokenizer.json", new TextEncoder().encode(symbols));
  assert.throws(() => new Tokenizer(files, "source", {}), /tokenizer with symbols/);
});
