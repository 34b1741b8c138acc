// The rules of the loop and of the picks, on a model that gives set logits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { greedy, sampling, tokens, whole } from "../search.js";

// Gives the rows of logits one after another, and notes what it is asked.
class Scripted {
  special = { padding: 0, start: 1, end: 2, unknown: 3 };
  asked = [];
  deleted = 0;

  constructor(targetLength, rows) {
    this.targetLength = targetLength;
    this.rows = rows;
  }

  async encode(source) {
    this.source = source;
    return {
      step: async (token) => Float32Array.from(this.rows[this.asked.push(token) - 1]),
      delete: () => this.deleted++,
    };
  }
}

async function ids(model, pick, source = [5, 2]) {
  const made = [];
  for await (const { id } of tokens(model, source, pick)) made.push(id);
  return made;
}

test("greedy begins at start, hands each token on, and ends at the end", async () => {
  const model = new Scripted(9, [
    [0, 0, 0, 0, 1, 3],
    [0, 0, 0, 0, 3, 1],
    [0, 0, 3, 0, 1, 1],
  ]);
  assert.deepEqual(await ids(model, greedy), [5, 4, 2]);
  assert.deepEqual(model.asked, [1, 5, 4]);
  assert.deepEqual(model.source, [5, 2]);
  assert.equal(model.deleted, 1);
});

test("padding and start are never chosen, and of equals the first is", async () => {
  const model = new Scripted(9, [
    [9, 9, 0, 1, 1, 0],
    [9, 9, 1, 0, 0, 0],
  ]);
  assert.deepEqual(await ids(model, greedy), [3, 2]);
});

test("at the last place only the end is chosen", async () => {
  const rows = [
    [0, 0, -9, 0, 5, 0],
    [0, 0, -9, 0, 5, 0],
    [0, 0, -9, 0, 5, 0],
  ];
  assert.deepEqual(await ids(new Scripted(3, rows), greedy), [4, 4, 2]);
  assert.deepEqual(await ids(new Scripted(1, rows), greedy), [2]);
});

test("an end says whether it is the model's or the limit's", async () => {
  const ends = async (limit, last) => {
    const model = new Scripted(limit, [[0, 0, 0, 0, 5, 0], last]);
    let made;
    for await (made of tokens(model, [2], greedy)) if (made.id !== 2) assert.ok(!("finished" in made));
    return made.finished;
  };
  assert.equal(await ends(2, [0, 0, 1, 0, 5, 0]), false);
  assert.equal(await ends(2, [9, 0, 5, 0, 5, 0]), false); // even where only padding is likelier
  assert.equal(await ends(2, [0, 0, 5, 0, 5, 0]), true);
  assert.equal(await ends(9, [9, 9, 5, 0, 1, 0]), true); // there was room for more
});

test("the file's own search says so too, if the file does", async () => {
  for (const finished of [true, false, undefined]) {
    const model = { special: { end: 2 }, generate: async () => ({ ids: [4, 2], finished }) };
    const made = [];
    for await (const token of whole(model, [2])) made.push(token);
    assert.deepEqual(made, [{ id: 4 }, { id: 2, finished }]);
  }
});

test("a probability is the model's own", async () => {
  const model = new Scripted(2, [[0, 0, Math.log(3), 0, 0, 0]]);
  for await (const { id, probability } of tokens(model, [2], greedy)) {
    assert.equal(id, 2);
    assert.ok(Math.abs(probability - 3 / 8) < 1e-6);
  }
});

test("a loop that is left gives its tensors back", async () => {
  const model = new Scripted(9, [
    [0, 0, 0, 0, 1, 3],
    [0, 0, 0, 0, 1, 3],
  ]);
  for await (const { id } of tokens(model, [2], greedy)) if (id === 5) break;
  assert.equal(model.deleted, 1);
});

test("sampling draws each token as often as its probability", () => {
  const pick = sampling(1, 1);
  const counts = [0, 0, 0, 0];
  for (let drawn = 0; drawn < 4000; drawn++) counts[pick(Float64Array.of(0, 0.5, 0.25, 0.25))]++;
  assert.equal(counts[0], 0);
  for (const [id, share] of [
    [1, 0.5],
    [2, 0.25],
    [3, 0.25],
  ]) {
    assert.ok(Math.abs(counts[id] / 4000 - share) < 0.05, String(counts));
  }
});

test("top p keeps the fewest likeliest tokens, and a low temperature the likeliest", () => {
  const probabilities = Float64Array.of(0, 0.1, 0.5, 0.4);
  const drawn = (pick) => new Set(Array.from({ length: 300 }, () => pick(probabilities)));
  assert.deepEqual(drawn(sampling(1, 0.5)), new Set([2]));
  assert.deepEqual(drawn(sampling(1, 0.8)), new Set([2, 3]));
  assert.deepEqual(drawn(sampling(0.001, 1)), new Set([2]));
});
