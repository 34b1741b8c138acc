// Segmentation by a unigram model: the pieces whose scores sum to the most.

/**
 * Cuts text into pieces; what no piece covers is cut into characters.
 *
 * Sums are rounded to 32 bits, as SentencePiece's are, so that ties fall the same way.
 *
 * @param {string} text normalized text.
 * @param {Map<string, number>} scores of the pieces.
 * @param {number} unknownScore of a character that is no piece.
 * @returns {string[]} the text in pieces.
 */
export function unigram(text, scores, unknownScore) {
  const characters = Array.from(text);
  let longest = 0;
  for (const piece of scores.keys()) longest = Math.max(longest, piece.length);
  const best = [{ score: 0, start: 0 }]; // best[end]: of all ways to cut the characters before `end`
  for (let start = 0; start < characters.length; start++) {
    const offer = (end, score) => {
      if (!best[end] || score > best[end].score) best[end] = { score: Math.fround(score), start };
    };
    let piece = "";
    for (let end = start; end < characters.length && piece.length < longest;) {
      piece += characters[end++];
      if (scores.has(piece)) offer(end, best[start].score + scores.get(piece));
    }
    if (!scores.has(characters[start]))
      offer(start + 1, Math.fround(best[start].score + unknownScore));
  }
  const pieces = [];
  for (let end = characters.length; end > 0; end = best[end].start) {
    pieces.push(characters.slice(best[end].start, end).join(""));
  }
  return pieces.reverse();
}
