// Resized pictures equal those of kseq2seq_runtime; see senses.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { colors, fitted, ofHeight, onWhite, resize } from "../pictures.js";

const file = new URL("fixtures/pictures.json", import.meta.url);
const { size, line, cases } = JSON.parse(await readFile(file, "utf8"));
const unpacked = (text) => new Uint8Array(Buffer.from(text, "base64"));

for (const { height, width, channels, values, ...made } of cases) {
  const pixels = { height, width, channels, values: unpacked(values) };
  test(`${width} x ${height} pixels of ${channels} become as large as there`, () => {
    const frame = fitted(pixels, ...size);
    assert.deepEqual([frame.height, frame.width], size);
    assert.deepEqual(frame.values, unpacked(made.fitted));
    const row = ofHeight(pixels, line);
    assert.deepEqual([row.height, row.width], [line, made.columns]);
    assert.deepEqual(row.values, unpacked(made.line));
  });
}

test("a size that stays leaves the pixels as they are", () => {
  const pixels = { height: 2, width: 3, channels: 1, values: Uint8Array.of(0, 9, 255, 1, 2, 3) };
  assert.deepEqual(resize(pixels, 2, 3), pixels);
});

test("colors lose their alpha, and become gray by what each weighs", () => {
  const data = Uint8ClampedArray.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 9, 9, 255);
  const image = { height: 2, width: 2, data };
  assert.deepEqual(
    colors(image, 3).values,
    Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9),
  );
  assert.deepEqual(colors(image, 1).values, Uint8Array.of(76, 150, 29, 9));
});

test("what has no room on white is not seen", () => {
  const pixels = { height: 2, width: 2, channels: 1, values: Uint8Array.of(1, 2, 3, 4) };
  assert.deepEqual(onWhite(pixels, 1, 3, 0, 1).values, Uint8Array.of(255, 1, 2));
  assert.deepEqual(onWhite(pixels, 3, 1, 1, 0).values, Uint8Array.of(255, 1, 3));
});
