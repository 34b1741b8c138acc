// Segmentation by byte-pair encoding: merging neighbors, the best-scored pair first.

/**
 * Cuts text into pieces; what no piece covers is cut into characters.
 *
 * @param {string} text normalized text.
 * @param {Map<string, number>} scores of the pieces.
 * @param {string[]} whole pieces that are never merged nor cut, the longest first.
 * @returns {string[]} the text in pieces.
 */
export function bytePairs(text, scores, whole) {
  const pieces = [];
  for (let at = 0; at < text.length; at += pieces.at(-1).length) {
    const found = whole.find((piece) => text.startsWith(piece, at));
    pieces.push(found ?? String.fromCodePoint(text.codePointAt(at)));
  }
  const fixed = new Set(whole);
  const scoreOfPair = (index) => {
    const [left, right] = pieces.slice(index, index + 2);
    const kept = fixed.has(left) || fixed.has(right);
    return kept ? -Infinity : (scores.get(left + right) ?? -Infinity);
  };
  const pairs = pieces.slice(1).map((_, index) => scoreOfPair(index)); // of a piece and its next
  for (;;) {
    let best = 0; // the first of equals
    for (let index = 1; index < pairs.length; index++) if (pairs[index] > pairs[best]) best = index;
    if (!(pairs[best] > -Infinity)) return pieces;
    pieces.splice(best, 2, pieces[best] + pieces[best + 1]);
    pairs.splice(best, 1);
    if (best > 0) pairs[best - 1] = scoreOfPair(best - 1);
    if (best < pairs.length) pairs[best] = scoreOfPair(best);
  }
}
