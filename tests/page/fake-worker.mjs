// A worker without an engine: it speaks the protocol, and misbehaves when a request's `fake` says so.

/** Gives the page a `navigator.gpu`, or none. */
export function useGpu(gpu) {
  const value = gpu && { requestAdapter: async () => ({}), ...gpu };
  Object.defineProperty(globalThis, "navigator", { value: value ? { gpu: value } : {}, configurable: true });
}

export class FakeWorker {
  static all = [];
  static behaviour = "ready";
  static protocol = 1;
  static build = "b1";
  static selfTest = null;

  static reset() {
    Object.assign(FakeWorker, { all: [], behaviour: "ready", protocol: 1, build: "b1", selfTest: null });
  }

  static get last() {
    return FakeWorker.all.at(-1);
  }

  requests = [];
  isTerminated = false;
  #waiting = [];
  #listeners = [];

  constructor(url, { name }) {
    this.url = String(url);
    this.name = name;
    FakeWorker.all.push(this);
    if (FakeWorker.behaviour === "silent") return;
    if (FakeWorker.behaviour === "broken") {
      setImmediate(() => this.onerror({ preventDefault() {} }));
      return;
    }
    const { protocol, build } = FakeWorker;
    this.#post(null, { type: "ready", protocol, build, version: "9.9.9", device: this.#device() });
  }

  terminate() {
    this.isTerminated = true;
  }

  postMessage(data) {
    const { message, payload } = structuredClone(data);
    setImmediate(() => {
      if (!this.isTerminated) this.#hear(message.job, message.request, payload);
    });
  }

  /** Resolves with the last request of a type (and about an id) that was heard, or else with the first to come. */
  heard(type, id) {
    const isIt = (request) => request.type === type && (id === undefined || request.id === id);
    const request = this.requests.findLast(isIt);
    if (request) return Promise.resolve(request);
    return new Promise((resolve) => this.#listeners.push({ isIt, resolve }));
  }

  /** Answers what was asked to wait, as if it had been done now. */
  answerWaiting() {
    for (const { answer } of this.#waiting.splice(0)) answer();
  }

  crash() {
    this.onmessage({ data: { message: { job: null, event: { type: "crashed", message: "made-up panic" } }, buffers: {} } });
  }

  #device() {
    const isGpu = this.url.includes("gpu");
    if (isGpu && !FakeWorker.selfTest) return { kind: "webgpu", name: "fake gpu", fallback_reason: null };
    return { kind: "cpu", name: "fake cpu", fallback_reason: FakeWorker.selfTest };
  }

  #post(job, event, buffers = {}) {
    setImmediate(() => {
      if (!this.isTerminated) this.onmessage({ data: structuredClone({ message: { job, event }, buffers }) });
    });
  }

  async #hear(job, request, payload) {
    this.requests.push(request);
    for (const { isIt, resolve } of this.#listeners) if (isIt(request)) resolve(request);
    const text = payload ? await payload.text() : "";
    const fake = request.fake ?? request.model?.fake;
    const isGpu = this.url.includes("gpu");
    const answer = () => this.#answer(job, request, payload, text);
    // How a fit is lost, time after time; its checkpoints say how often it was.
    const loss = request.model?.losses?.[Number(text)];
    if (loss) {
      const checkpoint = new TextEncoder().encode(Number(text) + 1);
      if (request.checkpoints) this.#post(job, { type: "progressed", fraction: 0.5 }, { checkpoint });
      const lose = () => (loss === "lost" ? this.#fail(job, "environment.device_lost") : this.crash());
      return void setImmediate(lose);
    }
    if (fake === "crash" || (fake === "gpu crash" && isGpu) || (text.startsWith("poison") && FakeWorker.all.length > 1)) {
      this.crash();
    } else if (fake === "wait" || fake === "deaf" || (fake === "gpu deaf" && isGpu)) {
      this.#waiting.push({ job, isDeaf: fake === "deaf", answer });
    } else if (fake === "view") {
      const layers = [[2, 3], [3, 1]].map(([n_inputs, n_outputs]) => ({ n_inputs, n_outputs, gradient_norm: 1, n_dead: 0 }));
      const view = { epoch: 1, n_batches: 3, layers, boundary: { x: "x", y: "y", x_values: [0], y_values: [0] } };
      const weights = Float32Array.from({ length: 13 }, (_, idx) => idx);
      const buffers = { weights, codes: new Uint32Array([1]), probabilities: new Float64Array([0.75]) };
      this.#post(job, { type: "progressed", fraction: 0.5, view }, buffers);
      this.#waiting.push({ job, isDeaf: false, answer });
    } else if (fake === "fail") {
      this.#fail(job, "train.made_up");
    } else if (fake === "gpu lost" && isGpu) {
      this.#fail(job, "environment.device_lost");
    } else {
      if (fake === "progress") this.#post(job, { type: "progressed", fraction: 0.5 });
      answer();
    }
  }

  #fail(job, code) {
    const place = { column: "y" };
    this.#post(job, { type: "failed", code, stage: code.split(".")[0], message: "made-up trouble", hint: "Do not", place, args: {} });
  }

  #answer(job, request, payload, text) {
    const { id } = request;
    switch (request.type) {
      case "load_csv":
        return this.#post(job, { type: "table_loaded", ...fakeTable(id, payload, request.options) });
      case "make_toy":
        return this.#post(job, { type: "table_loaded", ...fakeTable(id, { size: 9 }, { name: request.kind }) });
      case "read_table":
        return this.#post(job, { type: "rows_read", start: 0, columns: ["__proto__", "y"], cells: [[1, 2]] });
      case "prepare":
        return this.#post(job, { type: "prepared", feature_names: [], n_rows: 0 }, { matrix: new Float64Array() });
      case "train":
        return this.#post(job, { type: "model_fitted", id, device: this.#device() }, { train_rows: new Uint32Array([0]) });
      case "quantize":
      case "prune":
      case "import_weights": {
        const model = { id, device: this.#device(), bytes: text };
        return this.#post(job, { type: "model_made", model, max_difference: 0 }, { train_rows: new Uint32Array([0]) });
      }
      case "search":
        return this.#post(job, { type: "searched", candidates: [], rounds: [], n_folds: 5, best: null, issues: [] });
      case "predict":
        return this.#post(
          job,
          { type: "predicted", n_rows: 2, classes: ["a", "b"], issues: [] },
          { codes: new Uint32Array([1, 0]), probabilities: new Float64Array([0.25, 0.75, 0.5, 0.5]) },
        );
      case "export":
        return this.#post(job, { type: "exported" }, { bytes: new TextEncoder().encode(JSON.stringify({ models: [id] })) });
      case "import_project": {
        const models = JSON.parse(text).models.map((id) => ({ id, table: "table-1" }));
        return this.#post(job, { type: "project_imported", tables: [], models });
      }
      case "release":
        return this.#post(job, { type: "released", id });
      case "describe":
        return this.#post(job, { type: "described", models: [], steps: [], errors: [] });
      case "control":
        if (request.action === "stop") this.answerWaiting();
        return;
      case "cancel": {
        const waiting = this.#waiting.find(({ job, isDeaf }) => job === request.target && !isDeaf);
        if (waiting) this.#post(request.target, { type: "cancelled" });
      }
    }
  }
}

function fakeTable(id, payload, options) {
  return { id, name: options.name ?? "table", n_rows: 1, columns: [{ name: "x" }, { name: "y" }], size_bytes: payload.size };
}
