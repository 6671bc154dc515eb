// Small nets beside TensorFlow.js in the same browser: milliseconds per training step, the same sizes and optimiser.

import { generator } from "./data.js";

/** Each net: its layers, the batch, rows of the table, epochs, and the ratio that is wanted. */
const NETS = [
  // Of two classes Vitrine has one output, and TensorFlow.js two.
  { name: "2-16-2, batches of 32", sizes: [2, 16, 2], batchSize: 32, nRows: 3200, nEpochs: 20, target: 4 },
  { name: "784-128-10, batches of 64", sizes: [784, 128, 10], batchSize: 64, nRows: 3200, nEpochs: 4, target: 2 },
];

/** Numbers with two decimals and a class that depends on them, so that there is something to learn. */
function csv(nFeatures, nClasses, nRows) {
  const random = generator(5);
  const lines = [[...Array(nFeatures).keys()].map((k) => `f${k}`).join(",") + ",label"];
  for (let row = 0; row < nRows; row++) {
    const x = Array.from({ length: nFeatures }, () => random() * 2 - 1);
    const angle = Math.atan2(x[1], x[0]) / Math.PI + 1;
    lines.push(`${x.map((v) => v.toFixed(2)).join(",")},c${Math.min(nClasses - 1, Math.floor((angle / 2) * nClasses))}`);
  }
  return `${lines.join("\n")}\n`;
}

export function netParts({ report, call, open, times, nRepeats, url, scratch }) {
  const perStep = (millis, nSteps) => Math.min(...millis) / nSteps;
  const said = (millis) => `${millis.toFixed(millis < 1 ? 3 : 2)} ms`;

  async function nets({ page }) {
    for (const { name, sizes, batchSize, nRows, nEpochs, target } of NETS) {
      const nSteps = (nRows / batchSize) * nEpochs;
      await call(page, "loadText", "net", csv(sizes[0], sizes.at(-1), nRows));
      const model = {
        kind: "mlp", hidden_layer_sizes: sizes.slice(1, -1), batch_size: batchSize, max_iter: nEpochs, solver: "adam",
        early_stopping: false, n_iter_no_change: nEpochs,
      };
      const ours = [];
      for (let repeat = 0; repeat < nRepeats; repeat++) {
        const { fitMillis } = await call(page, "train", "net", { target: "label", model, recipe: [], device: "cpu" });
        ours.push(fitMillis);
      }
      await call(page, "forget", "net");
      const vitrine = perStep(ours, nSteps);
      for (const backend of ["wasm", "cpu"]) {
        const { context, page: others } = await open(scratch, `${url}/bench/tfjs.html`);
        try {
          await others.waitForFunction(() => window.benchReady);
          const theirs = await call(others, "train", { backend, sizes, batchSize, nSteps: Math.min(nSteps, 200), nRepeats });
          const peer = perStep(theirs.millis, Math.min(nSteps, 200));
          const wanted = backend === "wasm" ? target : null;
          report(`a step of ${name}, Adam; TensorFlow.js on ${backend}`, said(vitrine), said(peer), times(peer / vitrine), wanted ? `≥ ${wanted}×` : "", wanted ? peer / vitrine >= wanted : null);
        } finally {
          await context.close();
        }
      }
    }
  }

  return { nets };
}
