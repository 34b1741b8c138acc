// What a model reads and writes is chosen by the types in its file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AudioSource } from "../audio_source.js";
import { ImageSource } from "../image_source.js";
import { LineSource } from "../line_source.js";
import { loadSource, loadTarget } from "../sides.js";
import { TextSource } from "../text_source.js";

const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
const special = { padding: 0, start: 1, end: 2, unknown: 3 };

function source(settings, others) {
  const files = new Map([
    ["source.json", bytes(settings)],
    ["source_tokenizer/tokenizer.json", bytes({ type: "bytes" })],
  ]);
  return loadSource(files, { special, source_length: 9, ...others });
}

const picture = { inputs: { pixels: { shape: [1, 8, 12, 3] } } };
const sound = { type: "audio", rate: 8000, silence: -60, too_long: "error" };
const KINDS = [
  [TextSource, source({ type: "text" }), "up to 9 tokens"],
  [AudioSource, source(sound, { inputs: { values: { shape: [1, 12_000] } } }), "up to 1.5 s of sound"],
  [ImageSource, source({ type: "image" }, picture), "a picture, seen as 12 × 8 pixels"],
  [LineSource, source({ type: "line" }, picture), "a line, 8 pixels high and up to 12 wide"],
];

for (const [Kind, made, reads] of KINDS) {
  test(`${Kind.name} is made by its name, and says what it takes`, () => {
    assert.equal(made.constructor, Kind);
    assert.equal(made.reads, reads);
  });
}

test("another type is refused by name", () => {
  assert.throws(() => source({ type: "turns" }), /"turns"; this page reads text, audio, image, line/);
  assert.throws(() => source({ type: "constructor" }), /this page reads/);
  const files = new Map([["target.json", bytes({ type: "labels" })]]);
  assert.throws(() => loadTarget(files, { special }), /target .* "labels"; this page writes text/);
});

test("a recording is given in full length, with how much of it is real", () => {
  const audio = source(sound, { inputs: { values: { shape: [1, 1000] } } });
  assert.throws(() => audio.inputs(), /Choose a recording first/);
  const loud = (length) => Float32Array.from({ length }, (_, index) => (index % 2 ? 0.5 : -0.5));
  audio.samples = loud(900);
  const { values, source_length } = audio.inputs();
  assert.equal(values.length, 1000);
  assert.deepEqual([values[0], values[899], values[900]], [-0.5, 0.5, 0]);
  assert.deepEqual(source_length, Int32Array.of(900));
  audio.samples = new Float32Array(900);
  assert.equal(audio.inputs(), undefined); // silent
  audio.samples = loud(1001);
  assert.throws(() => audio.inputs(), /has 0.13 seconds, and this model takes 0.13/);
  audio.cut = true;
  assert.deepEqual(audio.inputs().source_length, Int32Array.of(1000));
});

test("a line that is too long is refused, or cut if the model's settings say so", () => {
  const wide = { height: 8, width: 13, channels: 3, values: new Uint8Array(8 * 13 * 3) };
  const line = source({ type: "line" }, picture);
  assert.throws(() => line.inputs(), /Choose a picture first/);
  assert.throws(() => line.framed(wide), /13 columns at a height of 8, and this model takes 12/);
  const { frame, length } = source({ type: "line", too_long: "cut" }, picture).framed(wide);
  assert.deepEqual([frame.width, length, frame.values.some(Boolean)], [12, 12, false]);
});
