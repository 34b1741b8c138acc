// Samples equal those of kseq2seq_runtime, and resampling agrees with soxr; see senses.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { resample } from "../resample.js";
import { mixed, onGrid, silent } from "../sound.js";
import { rateOf } from "../sound_rate.js";
import { readWav } from "../wav.js";

const file = new URL("fixtures/sounds.json", import.meta.url);
const { wavs, silence, tones } = JSON.parse(await readFile(file, "utf8"));
const unpacked = (text) => new Uint8Array(Buffer.from(text, "base64"));

for (const { name, bytes, rate, samples } of wavs) {
  test(`a wav of ${name} is read exactly`, () => {
    const read = readWav(unpacked(bytes));
    assert.equal(read.rate, rate);
    assert.equal(rateOf(unpacked(bytes)), rate);
    assert.deepEqual(Array.from(onGrid(mixed(read.channels)), (each) => each * 2 ** 15), samples);
  });
}

test("a wav that is cut is refused, and one that a pipe wrote is read", () => {
  const whole = unpacked(wavs.find(({ name }) => name === "2 bytes").bytes);
  assert.throws(() => readWav(whole.subarray(0, whole.length - 3)), /truncated: 3 of \d+ bytes/);
  assert.throws(() => readWav(whole.subarray(0, 30)), /truncated: it ends before its samples/);
  const piped = whole.slice();
  piped.fill(255, 40, 44);
  assert.deepEqual(readWav(piped), readWav(whole));
  piped.fill(0, 40, 44);
  assert.throws(() => readWav(piped), /counts no samples/);
});

test("what is no wav of whole numbers is left to the browser", () => {
  const floats = unpacked(wavs[0].bytes);
  floats[20] = 3;
  assert.equal(readWav(floats), undefined);
  assert.equal(readWav(new TextEncoder().encode("nothing like it")), undefined);
  assert.equal(readWav(new Uint8Array()), undefined);
});

test("rates are read from headers", () => {
  const starts = (head, length = 64) => {
    const bytes = new Uint8Array(length);
    bytes.set(head);
    return bytes;
  };
  const letters = (text) => Array.from(text, (letter) => letter.charCodeAt(0));
  const flac = [...letters("fLaC"), ...new Array(14).fill(0), 0x0a, 0xc4, 0x42]; // 20 bits
  const vorbis = [...letters("OggS"), ...new Array(24).fill(0), 1, ...letters("vorbis")];
  vorbis.push(0, 0, 0, 0, 1, 0x40, 0x1f, 0, 0);
  assert.equal(rateOf(starts(flac)), 44_100);
  assert.equal(rateOf(starts(vorbis)), 8000);
  assert.equal(rateOf(starts([0xff, 0xfb, 0x90])), 44_100);
  assert.equal(rateOf(starts([0xff, 0xf3, 0x44])), 24_000); // MPEG-2
  assert.equal(rateOf(starts([0xff, 0xe3, 0x18])), 8000); // MPEG-2.5
  const tagged = starts([...letters("ID3"), 4, 0, 0, 0, 0, 1, 2], 200); // a tag of 130 bytes
  tagged.set([0xff, 0xf3, 0x44], 140);
  assert.equal(rateOf(tagged), 24_000);
  assert.equal(rateOf(starts([0x1a, 0x45, 0xdf, 0xa3])), 48_000);
  assert.equal(rateOf(new Uint8Array()), 48_000);
});

for (const { name, samples, rate, level, silent: expected } of silence) {
  test(`${name} is ${expected ? "silent" : "heard"}`, () => {
    assert.equal(silent(Float32Array.from(samples, (each) => each / 2 ** 15), rate, level), expected);
  });
}

test("what is louder than full scale is scaled, and halves go to the even number", () => {
  assert.deepEqual(onGrid(Float32Array.of(2, -1, 0)), Float32Array.of(32767 / 32768, -0.5, 0));
  const halves = [0.5, 1.5, 2.5, -0.5, -1.5].map((half) => half / 32768);
  assert.deepEqual(
    Array.from(onGrid(Float32Array.from(halves)), (each) => each * 32768 + 0),
    [0, 2, 2, 0, -2],
  );
});

for (const { own, rate, first, samples } of tones) {
  test(`${own} samples a second become ${rate}`, () => {
    const tone = Float32Array.from({ length: own / 2 }, (_, at) => {
      const seconds = at / own;
      return [300, 1100, 2900].reduce((sum, hz) => sum + Math.sin(2 * Math.PI * hz * seconds) / 4, 0);
    });
    const made = resample(tone, own, rate);
    assert.equal(made.length, rate / 2);
    samples.forEach((sample, index) => {
      const difference = Math.abs(made[first + index] - sample);
      assert.ok(difference < 2e-4, `${difference} at ${index}`);
    });
  });
}

test("what a lower rate can't hold is left out", () => {
  const high = Float32Array.from({ length: 22_050 }, (_, at) => Math.sin((2 * Math.PI * at) / 8.8));
  const made = resample(high, 44_100, 8000).subarray(200, 3800); // 5,011 Hz
  assert.ok(made.every((sample) => Math.abs(sample) < 1e-4));
  assert.equal(resample(high, 8000, 8000), high);
});
