// Files that are cut are found as kseq2seq_runtime finds them; see senses.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { frameAt } from "../mpeg.js";
import { checkWhole } from "../truncation.js";

const file = new URL("fixtures/sounds.json", import.meta.url);
const { cuts } = JSON.parse(await readFile(file, "utf8"));

for (const { kind, bytes, cuts: cases } of cuts) {
  test(`a file of ${kind} that is cut is refused, and a whole one is not`, () => {
    const whole = new Uint8Array(Buffer.from(bytes, "base64"));
    assert.ok(cases.some(([, , why]) => why) && !cases.at(-1)[2]);
    for (const [length, read, why] of cases) {
      const check = () => checkWhole(whole.subarray(0, length), read);
      if (why) assert.throws(check, { message: `It is truncated: ${why}. Copy it again.` });
      else check();
    }
  });
}

test("an mp3 that ends between two frames has fewer than it counts, or than are read", () => {
  const whole = new Uint8Array(Buffer.from(cuts.find(({ kind }) => kind === "MP3").bytes, "base64"));
  const first = frameAt(whole, 0).bytes;
  const second = first + frameAt(whole, first).bytes;
  assert.throws(() => checkWhole(whole.subarray(0, second), 2000), /[1-9] of \d+ frames are missing/);
  const uncounted = whole.subarray(first);
  assert.throws(() => checkWhole(uncounted, 0), /no count of its frames/);
  checkWhole(uncounted, 2000);
});

test("other files are not looked at", () => {
  checkWhole(new Uint8Array(100), 0);
  checkWhole(new Uint8Array(), 0);
});
