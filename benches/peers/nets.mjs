// Small nets beside TensorFlow.js in the same browser: milliseconds per training step, the same sizes and optimiser.

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

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

/** WebGPU computed by the CPU: what runs everywhere, and says more of dispatches than of a real GPU's time. */
const SOFTWARE_GPU = [
  "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-unsafe-swiftshader", "--enable-features=Vulkan",
  "--use-vulkan=swiftshader", "--use-angle=swiftshader",
];

export function netParts({ report, call, open, times, nRepeats, url, scratch, serveFile, readSite, here }) {
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

  /** A small convolutional net, which TensorFlow.js cannot train on wasm: it has no backward pass of a convolution there. */
  async function images({ page }) {
    const [side, filters, hidden, nClasses, batchSize, nRows, nEpochs] = [28, [8, 16], 64, 10, 32, 640, 2];
    const nSteps = (nRows / batchSize) * nEpochs;
    await call(page, "loadText", "images", csv(side * side, nClasses, nRows));
    const model = { kind: "cnn", filters, hidden_layer_sizes: [hidden], batch_size: batchSize, max_iter: nEpochs, solver: "adam", n_iter_no_change: nEpochs };
    const ours = [];
    for (let repeat = 0; repeat < nRepeats; repeat++) {
      ours.push((await call(page, "train", "images", { target: "label", model, recipe: [], device: "cpu" })).fitMillis);
    }
    await call(page, "forget", "images");
    const vitrine = perStep(ours, nSteps);
    for (const backend of ["wasm", "cpu"]) {
      const { context, page: others } = await open(scratch, `${url}/bench/tfjs.html`);
      try {
        await others.waitForFunction(() => window.benchReady);
        const n = backend === "cpu" ? 3 : nSteps;
        const theirs = await call(others, "trainImages", { backend, side, filters, hidden, nClasses, batchSize, nSteps: n, nRepeats: backend === "cpu" ? 1 : nRepeats });
        const what = `a step of a convolutional net, 28 × 28, filters 8 and 16, batches of 32; TensorFlow.js on ${backend}`;
        if (theirs.refused) report(what, said(vitrine), theirs.refused, "", "ours trains", true);
        else report(what, said(vitrine), said(perStep(theirs.millis, n)), times(perStep(theirs.millis, n) / vitrine), "", null);
      } finally {
        await context.close();
      }
    }
  }

  /** A product of two matrices of 1024 rows and columns, of which training is made; onnxruntime-web on one thread. */
  async function product({ page }) {
    const n = 1024;
    // A batch of as many rows as there are features and units is that product.
    await call(page, "loadText", "square", csv(n, 2, n));
    const model = { kind: "mlp", hidden_layer_sizes: [n], batch_size: n, activation: "identity" };
    const ours = [];
    for (let repeat = 0; repeat < nRepeats; repeat++) {
      const { ops } = await call(page, "profile", "square", { target: "label", model, recipe: [], device: "cpu" });
      const { shapes, ms } = ops.find(({ op, layer }) => op === "layer" && layer === 0);
      if (JSON.stringify(shapes) !== JSON.stringify([[n, n], [n, n]])) throw new Error(`another product: ${JSON.stringify(shapes)}`);
      ours.push(ms);
    }
    await call(page, "forget", "square");
    const { context, page: others } = await open(scratch, `${url}/bench/ort.html`);
    try {
      await others.waitForFunction(() => window.benchReady);
      const theirs = Math.min(...(await call(others, "product", n, nRepeats)));
      const vitrine = Math.min(...ours);
      const speed = (millis) => `${said(millis)}, ${((2 * n ** 3) / millis / 1e6).toFixed(1)} Gflop/s`;
      report(`a product of 1024 × 1024 × 1024, one thread (ours adds a row); onnxruntime-web`, speed(vitrine), speed(theirs), times(theirs / vitrine), "≥ 1×", theirs / vitrine >= 1);
    } finally {
      await context.close();
    }
  }

  /** What one more step costs: the difference of a long run and a short one, both after one that compiled everything. */
  async function stepOf(run, counts, [few, many]) {
    await run(few);
    const points = [];
    for (const nSteps of [few, many]) {
      const before = await counts();
      const millis = await run(nSteps);
      const after = await counts();
      points.push({ millis, ...Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]])) });
    }
    const [short, long] = points;
    return Object.fromEntries(Object.keys(short).map((name) => [name, (long[name] - short[name]) / (many - few)]));
  }

  /** What WebGPU was asked for so far, in the page or in a worker; a worker that has ended says nothing. */
  const countsIn = (page) => () =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          setTimeout(() => reject(new Error("nobody counts WebGPU's calls any more")), 10_000);
          const channel = new BroadcastChannel("gpu-counts");
          channel.onmessage = ({ data }) => {
            if (typeof data !== "object") return;
            channel.close();
            resolve(data);
          };
          channel.postMessage("count");
        }),
    );

  /** Nets on WebGPU beside TensorFlow.js on the same software adapter: dispatches, time within the browser's calls, time in all. */
  async function webgpu() {
    const counting = readFileSync(join(here, "count-gpu.js"), "utf8");
    const loader = join(scratch, "worker-gpu_loader.js");
    await writeFile(loader, `${counting}\n${await readSite("/worker-gpu_loader.js")}`);
    serveFile("/worker-gpu_loader.js", loader);
    for (const { name, sizes, batchSize, nRows } of NETS) {
      const perEpoch = 4;
      const ours = await (async () => {
        const { context, page } = await open(scratch, `${url}/bench/index.html`, SOFTWARE_GPU);
        try {
          await page.waitForFunction(() => window.benchReady);
          await call(page, "start");
          await call(page, "loadText", "net", csv(sizes[0], sizes.at(-1), Math.min(nRows, batchSize * perEpoch)));
          const run = async (nSteps) => {
            const model = { kind: "mlp", hidden_layer_sizes: sizes.slice(1, -1), batch_size: batchSize, max_iter: nSteps / perEpoch, solver: "adam", n_iter_no_change: nSteps };
            const { fitMillis, device } = await call(page, "train", "net", { target: "label", model, recipe: [], device: "webgpu" });
            if (device.kind !== "webgpu") throw new Error(`trained on the CPU: ${device.fallback_reason}`);
            return fitMillis;
          };
          return await stepOf(run, countsIn(page), [4, 24]);
        } finally {
          await context.close();
        }
      })();
      const theirs = await (async () => {
        const { context, page } = await open(scratch, null, SOFTWARE_GPU);
        try {
          await page.addInitScript(counting);
          await page.goto(`${url}/bench/tfjs.html`);
          await page.waitForFunction(() => window.benchReady);
          const run = async (nSteps) => (await call(page, "train", { backend: "webgpu", sizes, batchSize, nSteps, nRepeats: 1 })).millis[0];
          return await stepOf(run, countsIn(page), [4, 24]);
        } finally {
          await context.close();
        }
      })();
      const what = `a step of ${name}, Adam, software WebGPU; TensorFlow.js likewise`;
      report(`${what}: dispatches`, ours.dispatches.toFixed(1), theirs.dispatches.toFixed(1), times(ours.dispatches / theirs.dispatches), "< 1×", ours.dispatches < theirs.dispatches);
      report(`${what}: within the browser's calls`, said(ours.apiMillis), said(theirs.apiMillis), times(ours.apiMillis / theirs.apiMillis), "< 1×", ours.apiMillis < theirs.apiMillis);
      report(`${what}: in all`, said(ours.millis), said(theirs.millis), times(ours.millis / theirs.millis), "≤ 1×", ours.millis <= theirs.millis);
    }
  }

  return {
    async nets(bench) {
      await nets(bench);
      await images(bench);
    },
    product,
    webgpu,
  };
}
