// What run.mjs calls in the page. Files and tables stay here; only numbers go back.
import { dialogueCsv, exportedCsv, numbersCsv, numericCsv, quotedCsv, reviewsCsv } from "./data.js";

const files = {};
const tables = {};
let vitrine = null;

const MAKERS = { numeric: numericCsv, quoted: quotedCsv, exported: exportedCsv, dialogue: dialogueCsv, reviews: reviewsCsv };

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { millis: performance.now() - start, result };
}

/** The longest main-thread task while `work` runs: as the browser reports it (≥ 50 ms only), and as a timer feels it. */
async function watched(work) {
  let longestTask = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longestTask = Math.max(longestTask, entry.duration);
  });
  observer.observe({ type: "longtask" });
  let longestGap = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestGap = Math.max(longestGap, now - last - 10);
    last = now;
  }, 10);
  try {
    return { ...(await timed(work)), ...(await settled()) };
  } finally {
    clearInterval(timer);
    observer.disconnect();
  }
  async function settled() {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { longestTaskMillis: longestTask, longestGapMillis: longestGap };
  }
}

function described(error) {
  return { code: error?.code ?? error?.name ?? "unknown", message: String(error?.message ?? error) };
}

const bench = {
  async start() {
    const { Vitrine } = await import("/vitrine.js");
    // One worker, as the peers have one thread.
    vitrine = await Vitrine.start({ device: "cpu", n_workers: 1 });
    return { device: vitrine.device, version: vitrine.version };
  },

  /** Bytes moved and flops done in a second, by the best of a few rounds: a copy, and eight multiply-add chains in f64. */
  machine() {
    const best = (work, amount) => amount / Math.min(...Array.from({ length: 7 }, () => clock(work))) * 1000;
    const clock = (work) => {
      const start = performance.now();
      work();
      return performance.now() - start;
    };
    const [from, to] = [new Float64Array(4e6).fill(1), new Float64Array(4e6)];
    const chains = () => {
      let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8];
      for (let i = 0; i < 4e6; i++) {
        a = a * 0.999 + 0.1; b = b * 0.999 + 0.1; c = c * 0.999 + 0.1; d = d * 0.999 + 0.1;
        e = e * 0.999 + 0.1; f = f * 0.999 + 0.1; g = g * 0.999 + 0.1; h = h * 0.999 + 0.1;
      }
      to[0] = a + b + c + d + e + f + g + h;
    };
    return { bytesPerSecond: best(() => to.set(from), 2 * from.byteLength), flopsPerSecond: best(chains, 4e6 * 16) };
  },

  make(name, kind, sizeBytes) {
    const made = MAKERS[kind](sizeBytes);
    files[name] = made.file;
    return { nRows: made.nRows, sizeBytes: made.sizeBytes };
  },

  /** Takes the file that was put into the page's file input: on disk, not in memory, like a person's. */
  take(name) {
    files[name] = document.querySelector("#file").files[0];
    return { sizeBytes: files[name].size };
  },

  /**
   * PapaParse in chunks that are counted and let go: at its quickest, strings in lists, or as `options` say. With `keeps`
   * all rows are there at the end, as ours are.
   */
  async papa(name, { keeps = false, ...options } = {}) {
    let nRows = 0;
    const { millis } = await timed(
      () =>
        new Promise((resolve, reject) => {
          Papa.parse(files[name], {
            skipEmptyLines: true,
            ...options,
            ...(keeps ? {} : { chunk: (part) => void (nRows += part.data.length) }),
            complete: (whole) => {
              if (keeps) nRows = whole.data.length;
              resolve();
            },
            error: reject,
          });
        }),
    );
    return { millis, nRows: options.header ? nRows : nRows - 1 };
  },

  /** Vitrine: typed columns with profile, kept in the worker; let go afterwards unless `keep` names the table. */
  async load(name, keep) {
    const { millis, result, longestTaskMillis, longestGapMillis } = await watched(() => vitrine.loadCsv(files[name], { name }));
    if (keep) tables[keep] = result.id;
    else await vitrine.release(result.id);
    const kinds = result.columns.map((column) => column.kind);
    return { millis, nRows: result.n_rows, kinds, memoryBytes: result.memory_bytes ?? null, longestTaskMillis, longestGapMillis };
  },

  async train(table, request) {
    const { millis, result } = await timed(() =>
      vitrine.train({ ...request, table: tables[table], split: { test_fraction: 0 }, seed: 0 }, {}),
    );
    await vitrine.release(result.id);
    const { fit_ms: fitMillis, device, metrics } = result;
    return { millis, fitMillis, device, nNodes: result.structure?.nodes?.length ?? null, accuracy: metrics.train };
  },

  /** Times the operations of a net's step. */
  profile: (table, request) => vitrine.profile({ ...request, table: tables[table], split: { test_fraction: 0 }, seed: 0 }),

  /** Reads a CSV given as text and keeps the table. */
  async loadText(name, text) {
    if (tables[name]) await vitrine.release(tables[name]);
    const table = await vitrine.loadCsv(text, { name });
    tables[name] = table.id;
  },

  async forget(name) {
    await vitrine.release(tables[name]);
    delete tables[name];
    delete files[name];
  },

  makeNumbers(name, nRows, nFeatures) {
    files[name] = numbersCsv(nRows, nFeatures);
  },

  /** Fits on one table and measures on another. */
  async fitAndTest(table, test, request) {
    const model = await vitrine.train({ seed: 0, ...request, table: tables[table], split: { test_table: tables[test] } });
    await vitrine.release(model.id);
    return { fitMillis: model.fit_ms, metrics: model.metrics.test };
  },

  /** Fits on all rows and answers them; the quickest of the repeats counts, for each by itself. */
  async fitAndPredict(table, request, nRepeats) {
    const best = { fitMillis: Infinity, predictMillis: Infinity };
    for (let repeat = 0; repeat < nRepeats; repeat++) {
      const model = await vitrine.train({ ...request, table: tables[table], split: { test_fraction: 0 }, seed: 0 });
      best.fitMillis = Math.min(best.fitMillis, model.fit_ms);
      for (let again = 0; again < 2; again++) {
        const { millis } = await timed(() => vitrine.request({ type: "predict", id: model.id, table: tables[table] }));
        best.predictMillis = Math.min(best.predictMillis, millis);
      }
      await vitrine.release(model.id);
    }
    return best;
  },

  /** Fits while the main thread is watched. */
  async trainWatched(table, request) {
    const asked = { ...request, table: tables[table], split: { test_fraction: 0 }, seed: 0 };
    const { result, longestTaskMillis } = await watched(() => vitrine.train(asked));
    return { fitMillis: result.fit_ms, longestTaskMillis };
  },

  /**
   * How long a train and a search take from call to answer with some workers at once: `cold` where helpers have to start,
   * `warm` where they are there.
   */
  async together(name, n_workers, forest, search) {
    const { Vitrine } = await import("/vitrine.js");
    const own = await Vitrine.start({ device: "cpu", n_workers });
    try {
      const { id: table } = await own.loadCsv(files[name], { name });
      const { millis: cold } = await timed(() => own.train({ ...forest, table, seed: 0 }));
      const { millis: warm } = await timed(() => own.train({ ...forest, table, seed: 0 }));
      const { millis: searched } = await timed(() => own.search({ ...search, table, seed: 0 }));
      return { cold, warm, searched };
    } finally {
      own.close();
    }
  },

  /** How long after `abort()` the promise is rejected, and with what. */
  async cancelTrain(table, request, afterMillis) {
    return cancelled(afterMillis, (signal) => vitrine.train({ ...request, table: tables[table], split: { test_fraction: 0 } }, { signal }));
  },

  async cancelLoad(name, afterMillis) {
    return cancelled(afterMillis, (signal) => vitrine.loadCsv(files[name], { name, signal }));
  },
};

async function cancelled(afterMillis, work) {
  const controller = new AbortController();
  let abortedAt = null;
  const timer = setTimeout(() => {
    abortedAt = performance.now();
    controller.abort();
  }, afterMillis);
  try {
    const result = await work(controller.signal);
    if (result?.id) await vitrine.release(result.id);
    return { finished: true };
  } catch (error) {
    return { millis: abortedAt === null ? null : performance.now() - abortedAt, ...described(error) };
  } finally {
    clearTimeout(timer);
  }
}

window.bench = bench;
window.benchReady = true;
