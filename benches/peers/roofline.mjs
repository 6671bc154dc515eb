// What the machine could do at best: the least that must be moved or computed, at the speed that a kernel measured in the
// same browser. Nothing reaches it; how far a figure is from it says how much there is to win.

/** Levels of a tree of so many leaves, were it balanced. */
const levels = (nLeaves) => Math.max(1, Math.log2(nLeaves));

/** A tree on presorted words: a level reads each cell's 8 bytes to find a cut, then reads and writes them to part the rows. */
export const treeWork = (nRows, nColumns, { nTrees = 1, maxDepth = Infinity } = {}) => ({
  bytes: nTrees * Math.min(levels(nRows), maxDepth) * nRows * nColumns * 24,
  flops: 0,
});

/** Boosted trees of 31 leaves on one-byte bins: below the root only the smaller side of a split is read; two sums a cell. */
export const boostingWork = (nRows, nColumns, { nTrees, nOutputs = 1 }) => {
  const nTouched = nTrees * nOutputs * nRows * (1 + (levels(31) - 1) / 2);
  return { bytes: nTouched * (nColumns + 12), flops: nTouched * nColumns * 2 };
};

/** A linear map's gradient once: every cell is multiplied by a weight, and by an error on the way back. */
export const descentWork = (nRows, nColumns, { nOutputs, nSteps }) => ({ bytes: nSteps * nRows * nColumns * 8, flops: nSteps * nRows * nColumns * nOutputs * 4 });

/** Answers of trees: one comparison a level. */
export const answerWork = (nRows, nColumns, { nTrees, nLevels }) => ({ bytes: nRows * nColumns * 8, flops: nRows * nTrees * nLevels });

/** The seconds at best, and what bounds them. */
export function roofline({ bytes, flops }, { bytesPerSecond, flopsPerSecond }) {
  const [moving, computing] = [bytes / bytesPerSecond, flops / flopsPerSecond];
  const giga = (x) => (x / 1e9).toPrecision(2);
  const [time, why] = moving >= computing ? [moving, `${giga(bytes)} GB at ${giga(bytesPerSecond)} GB/s`] : [computing, `${giga(flops)} Gflop at ${giga(flopsPerSecond)} Gflop/s`];
  return `${time.toPrecision(2)} s: ${why}`;
}
