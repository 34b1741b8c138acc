// Ids and texts equal those of the sentencepiece library and of kseq2seq; see fixtures.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readBundle } from "../bundle.js";
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

test("every id has a readable piece", async () => {
  const tokenizer = await load("bytes");
  assert.deepEqual(
    [0, 1, 2, 3, 4 + 0x41, 4 + 0x20].map((id) => tokenizer.piece(id)),
    ["<padding>", "<start>", "<end>", "<unknown>", "A", "<0x20>"],
  );
  assert.equal((await load("unigram")).piece(2), "<end>");
});

test("another type of tokenizer, or of source, is refused by name", () => {
  const json = (type) => new TextEncoder().encode(JSON.stringify({ type }));
  const files = new Map([
    ["source.json", json("text")],
    ["source_tokenizer/tokenizer.json", json("wordpiece")],
  ]);
  assert.throws(
    () => new Tokenizer(files, "source", {}),
    /source has a tokenizer of the type "wordpiece"/,
  );
  const symbols = JSON.stringify({ type: "bytes", symbols: ["<ko>"] });
  files.set("source_tokenizer/tokenizer.json", new TextEncoder().encode(symbols));
  assert.throws(() => new Tokenizer(files, "source", {}), /tokenizer with symbols/);
  files.set("source.json", json("speech"));
  assert.throws(() => new Tokenizer(files, "source", {}), /source of this model is speech/);
});
