// A picture of how loud a recording is.

const COLUMNS = 240;

/**
 * Draws samples over the width of a path, in a box of 240 by 2.
 *
 * @param {SVGPathElement} path
 * @param {Float32Array} samples from -1 to 1.
 */
export function drawWave(path, samples) {
  const loudest = (block) => block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const peak = loudest(samples) || 1;
  const lines = Array.from({ length: COLUMNS }, (_, column) => {
    const [begin, end] = [column, column + 1].map((at) =>
      Math.floor((at * samples.length) / COLUMNS),
    );
    const loud = loudest(samples.subarray(begin, Math.max(end, begin + 1))) / peak;
    const half = Math.max(0.02, loud).toFixed(3); // silence is a line
    return `M${column + 0.5} -${half}V${half}`;
  });
  path.setAttribute("d", lines.join(""));
}
