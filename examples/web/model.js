// The model of an exported file, run by LiteRT.js on the CPU.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

const WASM = "node_modules/@litertjs/core/wasm/";

/** Starts LiteRT.js; once, before any model is loaded. */
export async function startRuntime() {
  await loadLiteRt(WASM);
}

export class Model {
  /**
   * @param {Uint8Array} flatbuffer
   * @param {object} record what `kseq2seq.json` says.
   * @throws {Error} if LiteRT.js can't run it.
   */
  static async load(flatbuffer, record) {
    let compiled;
    try {
      compiled = await loadAndCompile(flatbuffer, { accelerator: "wasm" });
    } catch (error) {
      throw new Error(`LiteRT.js can't run this model: ${error.message ?? error}`);
    }
    return new Model(compiled, record);
  }

  constructor(compiled, record) {
    this.compiled = compiled;
    this.targetLength = record.target_length;
    this.special = record.special;
    this.steps = record.steps ?? true; // whether it has a decoder, which writes token by token
  }

  /**
   * Runs the encoder and returns a `Decoding` to step; delete it when done.
   *
   * @param {object} source name -> array, what the model takes.
   */
  async encode(source) {
    const encoded = await run(this.compiled, "encode", {}, source);
    for (const { name, shape, dtype } of this.compiled.signatures.decode_step.getInputDetails()) {
      if (name.startsWith("state_")) encoded[name] ??= zeros(shape, dtype);
    }
    return new Decoding(this.compiled, encoded);
  }

  /**
   * Runs the whole search that the file holds.
   *
   * @param {object} source name -> array, what the model takes.
   * @returns {Promise<{ids: number[], finished?: boolean}>} ids of the best target, its end
   *   included if it has one, and whether it is finished and not cut at the limit, if the file
   *   says so.
   */
  async generate(source) {
    const made = await run(this.compiled, "generate", {}, source);
    const ids = made.ids.toTypedArray().subarray(0, made.lengths.toTypedArray()[0]);
    const finished = made.finished && made.finished.toTypedArray()[0] > 0;
    const best = { ids: Array.from(ids), finished };
    release(Object.values(made));
    return best;
  }

  delete() {
    this.compiled.delete();
  }
}

/** One decoding in progress; it never looks into the context and the state that it hands on. */
class Decoding {
  constructor(compiled, carried) {
    this.compiled = compiled;
    this.carried = carried;
    this.position = 0;
  }

  /**
   * Goes one token on.
   *
   * @param {number} token the last token, at first the start.
   * @returns {Promise<Float32Array>} the logits of the next token.
   */
  async step(token) {
    const given = { token: Int32Array.of(token), position: Int32Array.of(this.position++) };
    const { logits, alignment, ...state } = await run(
      this.compiled,
      "decode_step",
      this.carried,
      given,
    );
    const read = logits.toTypedArray();
    release(alignment ? [logits, alignment] : [logits]);
    release(Object.keys(state).map((name) => this.carried[name]));
    Object.assign(this.carried, state);
    return read;
  }

  delete() {
    release(Object.values(this.carried));
  }
}

// Runs a signature on tensors that are kept and on arrays that are given for this run alone.
async function run(compiled, name, kept, given) {
  const signature = compiled.signatures[name];
  const details = signature.getInputDetails();
  const inputs = details.map(
    (input) => kept[input.name] ?? new Tensor(given[input.name], input.shape),
  );
  const outputs = await signature.run(inputs);
  release(inputs.filter((_, index) => !(details[index].name in kept)));
  const named = {};
  signature.getOutputDetails().forEach((output, index) => {
    named[output.name]?.delete(); // equal outputs come under one name
    named[output.name] = outputs[index];
  });
  return named;
}

function zeros(shape, dtype) {
  const size = shape.reduce((one, other) => one * other, 1);
  return new Tensor(dtype === "int32" ? new Int32Array(size) : new Float32Array(size), shape);
}

// LiteRT.js keeps tensors where JavaScript's garbage collector does not see them.
function release(tensors) {
  for (const tensor of tensors) tensor.delete();
}
