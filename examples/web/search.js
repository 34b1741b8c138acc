// Searches: a loop of the page's own over single steps, so that tokens show as they are made, and
// the search inside the file.

/**
 * Makes a target token by token.
 *
 * Padding and start are never chosen, and at the last place only the end is.
 *
 * @param {Model} model
 * @param {object} source name -> array, what the model takes.
 * @param {(probabilities: Float64Array) => number} pick chooses the next token.
 * @yields {{id: number, probability: number, finished?: boolean}} the tokens, the end included,
 *   each with the probability that the model gives it; the end also with whether the target is
 *   finished: it was cut if another token was likelier at the last place.
 */
export async function* tokens(model, source, pick) {
  const { padding, start, end } = model.special;
  const decoding = await model.encode(source);
  try {
    let id = start;
    for (let length = 1; id !== end; length++) {
      const probabilities = softmax(await decoding.step(id));
      const allowed = probabilities.slice();
      allowed[padding] = allowed[start] = 0;
      const last = length === model.targetLength;
      id = last ? end : pick(allowed);
      const probability = probabilities[id];
      const finished = !last || probabilities.every((other) => other <= probability);
      yield id === end ? { id, probability, finished } : { id, probability };
    }
  } finally {
    decoding.delete();
  }
}

/** Makes a target by the file's own search, which gives its tokens all at once. */
export async function* whole(model, source) {
  const { ids, finished } = await model.generate(source);
  for (const id of ids) yield id === model.special.end ? { id, finished } : { id };
}

/** Picks the likeliest token, of equals the first. */
export function greedy(probabilities) {
  return probabilities.reduce((best, value, id) => (value > probabilities[best] ? id : best), 0);
}

/**
 * Returns a `pick` that draws: from the likeliest tokens that sum to `topP`, after raising each
 * probability to the power 1 / `temperature`.
 *
 * @param {number} temperature above 0; less is bolder toward the likeliest.
 * @param {number} topP above 0, at most 1.
 */
export function sampling(temperature, topP) {
  return (probabilities) => {
    const highest = probabilities[greedy(probabilities)];
    const weights = probabilities.map((value) => (value / highest) ** (1 / temperature));
    const total = weights.reduce((one, other) => one + other);
    const ids = Array.from(weights.keys()).filter((id) => weights[id] > 0);
    ids.sort((one, other) => weights[other] - weights[one]);
    const kept = [];
    let mass = 0;
    for (const id of ids) {
      if (mass >= topP * total) break;
      kept.push(id);
      mass += weights[id];
    }
    let drawn = Math.random() * mass;
    return kept.find((id) => (drawn -= weights[id]) < 0) ?? kept.at(-1);
  };
}

function softmax(logits) {
  const highest = logits.reduce((one, other) => Math.max(one, other));
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const sum = powers.reduce((one, other) => one + other);
  return powers.map((power) => power / sum);
}
