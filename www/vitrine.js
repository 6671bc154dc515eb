/**
 * Vitrine from JavaScript: read a CSV, prepare it, train a model, see why it decides, predict. All of it happens in
 * workers of this tab, and nothing leaves the machine.
 *
 * The CPU worker owns every table and every model. What is fitted with tensors is fitted by a guest: the tensor worker,
 * or the GPU worker where WebGPU is wanted. A guest is fetched when it is first needed, reads the same table, and its
 * model is moved to the CPU worker as bytes.
 *
 * Searches and forests that would keep one worker busy for long are shared by several: worker-team.js sees to that, and
 * is fetched with the first of them. What comes of it is the same, bit for bit.
 *
 * Each call ends in one result or one {@link VitrineError}, also when a worker dies: what a worker held is kept here
 * as what it was made from (a Blob, a model's bytes), and the next call finds it in a new worker.
 *
 * @example
 * import { Vitrine } from "./vitrine.js";
 * const v = await Vitrine.start();
 * const table = await v.loadCsv("x,y\n1,2\n2,4\n3,6\n4,8\n");
 * const model = await v.train({ table: table.id, target: "y", model: { kind: "linear_regression" } });
 * (await v.predict(model.id, { rows: [{ x: 5 }] })).predictions; // [10]
 * // Without a target: "k_means", "pca", "isolation_forest".
 * const groups = await v.train({ table: table.id, model: { kind: "k_means", n_clusters: 2 } });
 * (await v.predict(groups.id, { table: table.id })).predictions; // ["cluster 0", …], and `distances`
 *
 * @module
 */

/** The version of the messages below; equals `PROTOCOL_VERSION` in protocol/src/lib.rs (a test compares them). */
const PROTOCOL = 1;

/** The workers' files, beside this one, and how long a worker may take to report for duty. */
const WORKERS = {
  cpu: { script: "worker-cpu_loader.js", parts: ["worker-cpu.js", "worker-cpu_bg.wasm"], readyWithinMillis: 20_000 },
  tensors: {
    script: "worker-tensors_loader.js",
    parts: ["worker-tensors.js", "worker-tensors_bg.wasm"],
    readyWithinMillis: 20_000,
  },
  // It is four times as large, and its self-test compiles shaders.
  webgpu: { script: "worker-gpu_loader.js", parts: ["worker-gpu.js", "worker-gpu_bg.wasm"], readyWithinMillis: 60_000 },
};

/** A helper is a CPU worker too. */
WORKERS.helper = WORKERS.cpu;

/** How many CPU workers compute at once unless told otherwise: one per core, and at most so many. */
const MOST_WORKERS = 5;

/**
 * A GPU worker at work tells progress many times a second, slow shaders included. One that says nothing for this long
 * waits for a device that will not answer.
 */
const GPU_SILENCE_MILLIS = 60_000;

/** A cancel is promised within 200 ms. A worker in the middle of a long step is not waited for longer than this. */
const CANCEL_GRACE_MILLIS = 150;

/**
 * With `device: "auto"`, WebGPU is worth its 4 MB to a linear model from this many multiplications (rows × weights ×
 * epochs) on: some seconds on one CPU core.
 */
const AUTO_GPU_MULTIPLICATIONS = 2e10;

/** A net's steps are timed on the CPU from this many cells seen (rows × features × epochs) on … */
const TIMED_CELLS = 2e7;

/** … and on WebGPU too where the CPU would need longer than this for all of them. */
const WORTH_GPU_MILLIS = 15_000;

/** The models whose steps can be timed before they are trained. */
const NETS = ["mlp", "cnn", "rnn"];

/** What makes a net from another. */
const MADE_FROM = ["quantize", "prune", "import_weights"];

/** What goes wrong on this side of the workers: message, then hint. */
const TROUBLE = {
  cancelled: ["the call was cancelled", "Call again when you want the result"],
  "environment.closed": ["this Vitrine was closed", "Start another one with Vitrine.start()"],
  "environment.file_protocol": [
    "the page was opened as a file, and browsers start no workers from files",
    "Serve the folder over http, for example with `cargo xtask serve`",
  ],
  "environment.worker_not_started": ["the worker did not start", "Reload the page; a current browser is needed"],
  "environment.worker_crashed": [
    "the worker stopped",
    "Call again: a new worker will hold the same tables and models",
  ],
  "environment.wasm_not_fetched": ["a file of the worker could not be fetched", "Reload the page"],
  "environment.build_mismatch": ["the worker is of another build than the page", "Please reload the page"],
  "environment.no_webgpu": ["WebGPU cannot be used here", "The CPU does the same work"],
  "environment.device_lost": ["the WebGPU device was lost", "Call again: a new worker will ask for a new device"],
  "ingest.image_size": ["images cannot be made that large or small", "Use 28 × 28 and one channel, or sizes near it"],
  "ingest.no_image": ["none of the files is an image that this browser can show", "Choose PNG, JPEG, WebP, GIF or BMP files"],
  "request.malformed": ["the request cannot be sent", "Use plain data: numbers, texts, lists and objects"],
  "request.unknown_field": ["the request has an unknown field", "Check the name's spelling"],
};

/**
 * Why a call was not carried out.
 *
 * `code` is stable (`ingest.no_rows`, `cancelled`, …), `stage` says where it happened, `message` what is wrong, `hint`
 * what to do, `place` where in the data or the request it is, and `args` holds the values in the message by name.
 */
export class VitrineError extends Error {
  constructor({ code, stage, message, hint = "", place = null, args = {} }) {
    super(message);
    this.name = "VitrineError";
    this.code = code;
    this.stage = stage ?? code.split(".")[0];
    this.hint = hint;
    this.place = place;
    this.args = args;
  }
}

/** An error of this side, with what is known of the cause after a colon. */
function trouble(code, { detail = "", place = null, args = {} } = {}) {
  const [message, hint] = TROUBLE[code];
  const stage = code === "cancelled" ? "worker" : undefined;
  return new VitrineError({ code, stage, message: detail ? `${message}: ${detail}` : message, hint, place, args });
}

/** Refuses options that nothing would read: a misspelt one must not pass for a default. */
function checkOptions(options, known) {
  if (options === null || typeof options !== "object") {
    throw trouble("request.malformed", { detail: `the options are ${JSON.stringify(options)}, not an object` });
  }
  const field = Object.keys(options).find((name) => !known.includes(name));
  if (field !== undefined) {
    const detail = `${JSON.stringify(field)} is none of ${known.join(", ")}`;
    throw trouble("request.unknown_field", { detail, place: { field }, args: { field } });
  }
}

/** Texts become UTF-8; bytes and files stay what they are. The worker reads the Blob piece by piece. */
function toBlob(source) {
  if (source instanceof Blob) return source;
  if (typeof source === "string" || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return new Blob([source]);
  }
  throw trouble("request.malformed", { detail: "a source is a string, an ArrayBuffer, a typed array or a Blob" });
}

let lastJob = 0;

/** One worker, from start to end. It knows jobs and events, and nothing of what they are about. */
class WorkerLink {
  /** Settles with the worker's `ready` event, or with why there is none. */
  ready;
  /** Why the worker is gone; `null` while it lives. */
  error = null;
  /** The ids of tables that this worker holds as a guest. */
  tables = new Set();

  /** `cpu`, `tensors`, `webgpu` or `helper`. */
  kind;
  /** Whether it has reported for duty. */
  isReady = false;

  #worker = null;
  #calls = new Map();
  #settleReady;
  #timer;
  #silenceTimer;
  #lockWait = new AbortController();
  #onEnd;

  /** `onEnd(error, wasReady)` is called once, when the worker dies of itself. */
  constructor(kind, onEnd) {
    this.kind = kind;
    this.#onEnd = onEnd;
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    this.ready.catch(() => {}); // Whoever awaits it hears of the rejection; nobody has to.
    const { script, readyWithinMillis } = WORKERS[kind];
    const name = `vitrine-${kind}-${Math.random().toString(36).slice(2)}`;
    try {
      this.#worker = new Worker(new URL(script, import.meta.url), { type: "module", name });
    } catch (error) {
      this.#die(trouble("environment.worker_not_started", { detail: error.message }));
      return;
    }
    this.#worker.onmessage = ({ data }) => this.#receive(data, name);
    this.#worker.onmessageerror = () => this.#fail("a message could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault?.();
      // A panic posts `crashed` first, so a trap without it is Rust's answer to memory that was refused.
      const isOutOfMemory = event.message?.endsWith("RuntimeError: unreachable");
      this.#fail(isOutOfMemory ? "it ran out of memory" : (event.message ?? ""));
    };
    this.#timer = setTimeout(() => this.#fail(`nothing heard for ${readyWithinMillis / 1000} s`), readyWithinMillis);
  }

  /**
   * Posts one request to a ready worker. Resolves with the job's terminal event and its buffers.
   *
   * An abort posts `cancel`. If the worker is too busy to hear it soon, the call ends anyway, and what the worker
   * answers later is passed to `onLate` in place of the caller. `onCheckpoint` hears where a fit is, as bytes. What is
   * asked `isAside` of the work says nothing of whether that goes on.
   */
  run(request, { payload = null, onProgress, signal, onLate, onCheckpoint, steering, isAside = false } = {}) {
    if (this.error) return Promise.reject(this.error);
    if (signal?.aborted) return Promise.reject(trouble("cancelled"));
    return new Promise((resolve, reject) => {
      const job = ++lastJob;
      let graceTimer;
      const abort = () => {
        this.#worker.postMessage({ message: { job: ++lastJob, request: { type: "cancel", target: job } }, payload: null });
        graceTimer = setTimeout(() => {
          call.isAbandoned = true;
          reject(trouble("cancelled"));
        }, CANCEL_GRACE_MILLIS);
      };
      const settle = (action) => {
        clearTimeout(graceTimer);
        steering?.detach();
        signal?.removeEventListener("abort", abort);
        action();
      };
      const call = {
        isAbandoned: false,
        isAside,
        isPaused: isAside,
        progress: onProgress,
        onCheckpoint,
        resolve: (result) => settle(() => (call.isAbandoned ? onLate?.(result) : resolve(result))),
        reject: (error) => settle(() => reject(error)),
      };
      this.#calls.set(job, call);
      if (!isAside) this.#watchSilence();
      signal?.addEventListener("abort", abort, { once: true });
      try {
        this.#worker.postMessage({ message: { job, request }, payload });
        steering?.attach((action) => {
          call.isPaused = action !== "resume" && action !== "stop";
          this.#watchSilence();
          const message = { job: ++lastJob, request: { type: "control", target: job, action } };
          this.#worker.postMessage({ message, payload: null });
        });
      } catch (error) {
        this.#calls.delete(job);
        call.reject(trouble("request.malformed", { detail: error.message }));
      }
    });
  }

  /** Ends the worker and every call it has. */
  end(error) {
    if (this.error) return;
    this.error = error;
    clearTimeout(this.#timer);
    clearTimeout(this.#silenceTimer);
    this.#lockWait.abort();
    this.#worker?.terminate();
    this.#settleReady.reject(error);
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(error);
  }

  #receive({ message: { job, event }, buffers }, name) {
    if (this.error) return;
    if (event.type === "ready") return this.#greet(event, name);
    // Where in which file is for the console, which has all of it.
    if (event.type === "crashed") return this.#fail(event.message.replace(/^panicked at \S+\s+/, ""));
    const call = this.#calls.get(job);
    if (event.type !== "progressed") this.#calls.delete(job);
    if (!call?.isAside) this.#watchSilence();
    if (!call) return;
    if (event.type === "progressed") {
      if (buffers?.checkpoint) call.onCheckpoint?.(buffers.checkpoint);
      if (!call.isAbandoned) report(call.progress, event.view ? { ...event, view: viewOf(event.view, buffers) } : event);
      return;
    }
    if (event.type === "failed") call.reject(new VitrineError(event));
    else if (event.type === "cancelled") call.reject(trouble("cancelled"));
    else call.resolve({ event, buffers: buffers ?? {} });
  }

  #greet(event, name) {
    clearTimeout(this.#timer);
    if (event.protocol !== PROTOCOL) {
      const detail = `it speaks protocol ${event.protocol}, the page ${PROTOCOL}`;
      return this.#die(trouble("environment.build_mismatch", { detail }));
    }
    this.isReady = true;
    this.#watchLock(name);
    this.#settleReady.resolve(event);
  }

  #watchSilence() {
    clearTimeout(this.#silenceTimer);
    // One that is paused has nothing to say.
    if (this.kind !== "webgpu" || [...this.#calls.values()].every((call) => call.isPaused)) return;
    const giveUp = () => this.#fail(`nothing heard for ${GPU_SILENCE_MILLIS / 1000} s`);
    this.#silenceTimer = setTimeout(giveUp, GPU_SILENCE_MILLIS);
  }

  /**
   * A worker holds a lock with its own name as long as it lives. Getting that lock means that the worker is gone,
   * also when the browser ended it without a word.
   */
  #watchLock(name) {
    const locks = globalThis.navigator?.locks;
    if (!locks) return;
    const { signal } = this.#lockWait;
    locks.request(name, { signal }, () => this.#fail("it was ended from outside")).catch(() => {});
  }

  async #fail(detail) {
    if (this.error) return;
    if (this.isReady) return this.#die(trouble("environment.worker_crashed", { detail }));
    this.#worker?.terminate();
    clearTimeout(this.#timer);
    this.#die(await startTrouble(this.kind, detail));
  }

  #die(error) {
    if (this.error) return;
    this.end(error);
    this.#onEnd(error, this.isReady);
  }
}

/** Why a worker did not start: one of its files is missing, or else what the browser said. */
async function startTrouble(kind, detail) {
  for (const file of [WORKERS[kind].script, ...WORKERS[kind].parts]) {
    try {
      const response = await fetch(new URL(file, import.meta.url), { method: "HEAD", signal: AbortSignal.timeout(5000) });
      if (response.ok) continue;
      const args = { file, status: String(response.status) };
      return trouble("environment.wasm_not_fetched", { detail: `${file} (status ${response.status})`, args });
    } catch (error) {
      return trouble("environment.wasm_not_fetched", { detail: `${file} (${error.message})`, args: { file } });
    }
  }
  return trouble("environment.worker_not_started", { detail });
}

/** Tells a listener; its own exception is its own, and reaches the console. */
function report(listener, event) {
  if (!listener) return;
  const { type, ...progress } = event;
  try {
    listener(progress);
  } catch (error) {
    reportError(error);
  }
}

/**
 * A view with its arrays: of each layer `weights` and `biases`, and `units` (of each unit a byte per point of the boundary),
 * of the boundary `codes` and `probabilities`, or `values`.
 */
function viewOf(view, { weights, units, ...answers }) {
  const taking = (array, at = 0) => (n) => array.subarray(at, (at += n));
  const [takeWeights, takeUnits] = [weights, units].map((array) => array && taking(array));
  const nPoints = units && view.boundary.x_values.length * view.boundary.y_values.length;
  const layers = view.layers.map((layer, idx) => ({
    ...layer,
    ...(weights ? { weights: takeWeights(layer.n_inputs * layer.n_outputs), biases: takeWeights(layer.n_outputs) } : {}),
    ...(units && idx < view.layers.length - 1 ? { units: takeUnits(layer.n_outputs * nPoints) } : {}),
  }));
  return { ...view, layers, boundary: view.boundary && { ...view.boundary, ...answers } };
}

/** Gives an object the methods that steer a fit. What is called before the fit has begun is done when it begins. */
function steer(controls) {
  let post = null;
  let last = "resume";
  const waiting = [];
  const send = (action) => {
    last = action;
    post ? post(action) : waiting.push(action);
  };
  Object.assign(controls, {
    pause: () => void send("pause"),
    resume: () => void send("resume"),
    step: () => void send("step"),
    seek: (epoch) => void send({ seek: epoch }),
    stop: () => void send("stop"),
  });
  return {
    attach(own) {
      // Where another worker goes on with the fit, it has not heard what its predecessor was told.
      if (waiting.length === 0 && last !== "resume") waiting.push(last === "stop" ? "stop" : "pause");
      post = own;
      waiting.splice(0).forEach(post);
    },
    detach: () => void (post = null),
  };
}

/** `promise`, unless `signal` aborts first. */
function unlessAborted(promise, signal) {
  if (!signal) return promise;
  if (signal.aborted) return Promise.reject(trouble("cancelled"));
  return new Promise((resolve, reject) => {
    const abort = () => reject(trouble("cancelled"));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * A Vitrine: the workers, and the tables and models in them.
 *
 * Events: `crash` (`detail`: the error) when a worker died, `restored` (`detail`: `{ restored, lost }`, ids) when a new
 * one holds what the old one held, `device` (`detail`: {@link Vitrine#device}) when the device changed.
 */
export class Vitrine extends EventTarget {
  /** The device that trains what can use WebGPU: `{ kind, name, fallback_reason }`. */
  device = null;
  /** What runs: `{ version, build, protocol }`. */
  version = null;

  #preference;
  #build;
  #isClosed = false;
  /** Promises of live workers, `null` when there is none. */
  #cpu = null;
  #tensors = null;
  #gpu = null;
  /** How many CPU workers may compute at once, and the promise of what shares work among them. */
  #nWorkers;
  #team = null;
  /** The links behind those promises, from the first moment on. */
  #links = new Set();
  #cpuDevice = null;
  /** Why WebGPU will not work in this browser, once that is known. */
  #noWebGpu = null;
  /** What tables and models were made from, in the order of their making: `{ request, payload, ids }`. */
  #sources = new Set();
  /** Sizes of tables by id and how long reading them took, for the choice of a device and of helpers. */
  #sizes = new Map();
  #lastId = { table: 0, model: 0, import: 0 };

  /**
   * Starts the CPU worker, and the GPU worker when `device` is `"webgpu"`; resolves when they are ready.
   *
   * `device`: `"auto"` (WebGPU where the work is large), `"cpu"` or `"webgpu"`. Without WebGPU the CPU does the work,
   * and `v.device.fallback_reason` says why. `build`: the only build to talk to; the first worker's by default.
   * `n_workers`: how many CPU workers may compute at once; one per core by default, and at most 5.
   */
  static async start(options = {}) {
    checkOptions(options, ["device", "build", "n_workers"]);
    const n_cores = globalThis.navigator?.hardwareConcurrency ?? 1;
    const { device = "auto", build = null, n_workers = Math.min(n_cores, MOST_WORKERS) } = options;
    if (!["auto", "cpu", "webgpu"].includes(device)) {
      const detail = `the device is ${JSON.stringify(device)}, not "auto", "cpu" or "webgpu"`;
      throw trouble("request.malformed", { detail, place: { field: "device" } });
    }
    if (!(n_workers >= 1 && n_workers <= 16)) {
      const detail = `n_workers is ${n_workers}, not a number from 1 to 16`;
      throw trouble("request.malformed", { detail, place: { field: "n_workers" } });
    }
    if (new URL(import.meta.url).protocol === "file:" && typeof window !== "undefined") {
      throw trouble("environment.file_protocol");
    }
    const v = new Vitrine(device, build, n_workers);
    try {
      const gpu = device === "webgpu" ? v.#gpuLink().catch(() => null) : null;
      await v.#cpuLink();
      await gpu;
    } catch (error) {
      v.close();
      throw error;
    }
    return v;
  }

  /** Use {@link Vitrine.start}. */
  constructor(preference, build, n_workers) {
    super();
    this.#preference = preference;
    this.#build = build;
    this.#nWorkers = n_workers;
  }

  /**
   * Reads a CSV into a table. `source`: a string, an ArrayBuffer, a typed array or a Blob (a File is one); a Blob is
   * read piece by piece in the worker. `options`: what not to sniff; beside it `onProgress` and `signal` as for `train`.
   */
  async loadCsv(source, options = {}) {
    const { onProgress, signal, ...given } = options ?? {};
    const payload = toBlob(source);
    if (given.name === undefined && source.name) given.name = source.name;
    const id = this.#freshId("table");
    const { event } = await this.request({ type: "load_csv", id, options: given }, { payload, onProgress, signal });
    return contentOf(event);
  }

  /**
   * Reads image files into a table: a `label` (the folder a file lies in, or its name up to a number), and the pixels
   * `pixel_0_0`, … of the image's middle, drawn `width` × `height` (28 by default) in grey, or with `channels: 3` in
   * colour. Files that are no images are left out and reported.
   */
  async loadImages(files, options = {}) {
    const { name = "images", ...drawing } = options ?? {};
    const { csv, refused } = await Vitrine.imagesToCsv(files, drawing);
    const { signal } = drawing;
    const table = await this.loadCsv(csv, { name, has_header: true, column_kinds: { label: "categorical" }, ...(signal ? { signal } : {}) });
    if (refused.length === 0) return table;
    const issue = {
      code: "not_an_image", message: `${refused[0]} is no image that this browser can show`, hint: "It was left out",
      place: null, count: refused.length, args: { name: refused[0] },
    };
    return { ...table, issues: [...table.issues, issue] };
  }

  /** Image files as the CSV that `loadImages` reads: `{ csv, refused }`, a Blob and the names of files that are no images. */
  static async imagesToCsv(files, options = {}) {
    checkOptions(options, ["width", "height", "channels", "onProgress", "signal"]);
    return (await import("./images.js")).imagesToCsv(files, options, trouble);
  }

  /**
   * Makes up a table of two numbers, `x` and `y`, and a `class`: `{ kind, n_rows, noise, seed }`, `kind` being `circle`,
   * `xor`, `gaussian`, `spiral`, `moons` or `spirals_3`. The same request makes the same rows.
   */
  async makeToy(request, calling = {}) {
    const { event } = await this.request({ id: this.#freshId("table"), ...request, type: "make_toy" }, calling);
    return contentOf(event);
  }

  /**
   * Rows `start` to `end` (left out) of a table, or the rows named, each as an object from column name to value or
   * `null`.
   */
  async readTable(id, options = {}) {
    checkOptions(options, ["start", "end", "rows"]);
    const { start = 0, end = start + 50, rows: named } = options;
    const request = { type: "read_table", id, start, end, ...(named ? { rows: Array.from(named) } : {}) };
    const { event } = await this.request(request);
    // fromEntries makes own properties, also of a column called `__proto__`.
    const rows = event.cells.map((cells) => Object.fromEntries(cells.map((cell, idx) => [event.columns[idx], cell])));
    return { rows };
  }

  /** Fits a recipe on a whole table and shows the matrix a model would see. */
  async prepare(request, calling = {}) {
    const { event, buffers } = await this.request({ ...request, type: "prepare" }, calling);
    return { ...contentOf(event), matrix: buffers.matrix };
  }

  /**
   * Splits, prepares, fits and measures. `calling.onProgress` hears of epochs, `calling.signal` stops the work within
   * 200 ms; models trained before stay as they are.
   *
   * A net can be watched and steered. With `request.watch`, `{ boundary: { x, y, resolution }, weights, units, measures }`
   * (or `boundary: { projection: "pca" }`), progress brings a `view` at most ten times a second: of each layer
   * `gradient_norm`, `n_dead`, `weights` and `biases` as Float32Arrays, and `units`, what each makes of the boundary's
   * points; a boundary with its `codes` and `probabilities`, or `values`, and the `points` of a projection; and `measures`:
   * accuracy (or R²) and the confusion matrix of some rows. `calling.controls`, any object, is
   * given the methods `pause()`, `resume()`, `step()` (one batch), `seek(epoch)` (back, and paused) and `stop()` (end now
   * and keep the model). A net whose worker or WebGPU device is lost goes on, from where it was a few seconds before, on
   * the CPU; the issue `resumed` says so. `precision: "float16"` has a net's products read and write numbers of 16 bits, on
   * WebGPU where the adapter has shader-f16; elsewhere `device.fallback_reason` says why not.
   *
   * @example
   * const controls = {};
   * const request = { table: table.id, target: "class", model: { kind: "mlp" }, watch: { weights: true } };
   * const training = v.train(request, { controls, onProgress: ({ view }) => draw(view) });
   * controls.pause();
   */
  async train(given, calling = {}) {
    // Epochs to go back to are kept for who watches.
    const request = calling?.controls ? { ...given, watch: given.watch ?? {} } : given;
    const asked = { id: this.#freshId("model"), ...request, type: "train" };
    const { event, buffers } = await this.request(asked, calling);
    const rowsOf = (name) => Array.from(buffers[name] ?? []);
    return { ...contentOf(event), split: { train_rows: rowsOf("train_rows"), test_rows: rowsOf("test_rows") } };
  }

  /**
   * Tries learning rates out, one batch at each, from 1e-6 up to where the net goes astray. Takes what `train` takes;
   * resolves with `{ rates, losses, smoothed, suggested }`.
   */
  async learningRateTest(request, calling = {}) {
    const { event } = await this.request({ ...request, type: "test_rates" }, calling);
    return contentOf(event);
  }

  /**
   * Times a net's step and each of its operations on one device, `"cpu"` or `"webgpu"`; on WebGPU with kernels that do
   * several operations at once, or with `fusion: false` without, and with `precision: "float16"` on numbers of 16 bits.
   * Takes what `train` takes; resolves with `{ device, step_ms, ops }`.
   */
  async profile(request, calling = {}) {
    const { event } = await this.request({ ...request, type: "profile_steps" }, calling);
    return contentOf(event);
  }

  /**
   * What takes memory in each worker that runs: its heap, a GPU's pool, and every table and model with its bytes, also
   * while something is computed. Resolves with `{ workers }`; no worker is started for it.
   *
   * @example
   * const { workers } = await v.memory();
   * workers[0].heap_bytes / 2 ** 20; // MiB of WebAssembly's memory in the CPU's worker
   */
  async memory() {
    if (this.#isClosed) throw trouble("environment.closed");
    const told = async (link) => {
      const { event } = await link.run({ type: "memory" }, { isAside: true });
      return { worker: link.kind, ...contentOf(event) };
    };
    const all = await Promise.allSettled([...this.#links].filter((link) => link.isReady).map(told));
    // Of one that ended meanwhile there is nothing to say.
    return { workers: all.filter(({ status }) => status === "fulfilled").map(({ value }) => value) };
  }

  /**
   * Measures one model on folds of a table, each fold learning its own recipe: `{ table, target, model, folds }`, five
   * folds by default. Resolves with every measure's mean, standard deviation and folds.
   */
  async crossValidate({ model, ...request }, calling = {}) {
    const found = await this.#search({ folds: 5, ...request, models: [model] }, calling);
    const { rank, round, params, error, ...row } = found.candidates[0];
    if (error) throw new VitrineError(error);
    const { scoring, smaller_is_better, n_folds, issues } = found;
    return { scoring, smaller_is_better, n_folds, ...row, issues };
  }

  /**
   * Searches parameters of a model: `{ table, target, model, space, method, n_candidates, folds, scoring, seed }`.
   * `candidates[best].model` is what `train` takes. `calling.onProgress` hears of `epoch` of `n_epochs` fits and of the
   * `best_score` so far.
   *
   * @example
   * const found = await v.search({ table, target, model: { kind: "ridge" }, space: { alpha: [0.1, 1, 10] } });
   * const model = await v.train({ table, target, model: found.candidates[found.best].model });
   */
  async search({ model, ...request }, calling = {}) {
    return this.#search({ folds: 5, ...request, models: [model] }, calling);
  }

  /** Compares `models` on the same folds, or with a `split` and no `folds` on the same test rows. */
  async compare(request, calling = {}) {
    return this.#search({ ...(request.split ? {} : { folds: 5 }), ...request }, calling);
  }

  async #search({ folds, fold_kind, shuffle, split, ...request }, calling) {
    const given = Object.entries({ folds, fold_kind, shuffle }).filter(([, value]) => value !== undefined);
    const asked = { ...request, split: { ...Object.fromEntries(given), ...split }, type: "search" };
    const { event } = await this.request(asked, calling);
    return contentOf(event);
  }

  /**
   * Answers rows: `{ rows: [{ column: value }] }`, `{ table: id }` or `{ csv: source }`. With `output: "csv"` the rows
   * come back with their answers as the bytes of a CSV file, in `csv`.
   */
  async predict(id, what, calling = {}) {
    const { csv, ...rest } = what ?? {};
    const request = { type: "predict", id, ...rest, ...(csv === undefined ? {} : { csv: true }) };
    const payload = csv === undefined ? null : toBlob(csv);
    const { event, buffers } = await this.request(request, { ...calling, payload });
    const { n_rows, classes, issues } = event;
    const answers = answersOf(buffers, classes, n_rows, classes?.length ?? 0);
    return { n_rows, ...answers, classes, issues, ...(buffers.csv ? { csv: buffers.csv } : {}) };
  }

  /**
   * Measures a model on a table: `{ table: id }`. Of the table it was trained on, `rows: "test"` or `"train"` measures
   * only the rows held back or learned from. `intervals` come from `resamples` (1000 unless asked otherwise, fewer
   * where there are many rows); `rows` are those measured, cell after cell of the confusion matrix.
   */
  async evaluate(id, request, calling = {}) {
    const { event, buffers } = await this.request({ type: "evaluate", id, ...request }, calling);
    return { ...contentOf(event), rows: buffers.rows };
  }

  /**
   * Says why a model answers as it does: `{ kind: "decision_path", row }`, `{ kind: "boundary", x, y }` over two columns or
   * `{ kind: "boundary", projection: "pca" }` over the first two principal components of what it reads; of a decision
   * tree `{ kind: "pruning_path" }`; of many trees `{ kind: "votes", row }`, `{ kind: "tree", index }`, and the way
   * through one of them, `{ kind: "decision_path", row, tree }`; of a net that reads images what its filters answer,
   * `{ kind: "activations", row }`.
   */
  async explain(id, explain, calling = {}) {
    const { event, buffers } = await this.request({ type: "explain", id, explain }, calling);
    if (!buffers.codes && !buffers.values) return { ...contentOf(event), ...buffers };
    // The grid's probabilities are of the class answered: one per point.
    const answers = answersOf(buffers, event.classes, 0, 1);
    const points = buffers.points && { points: buffers.points };
    return { ...contentOf(event), ...answers, probabilities: answers.probabilities?.flat() ?? null, ...points };
  }

  /**
   * Rounds a net's weights to eight bits: `{ model: id, scheme }`, `scheme` being `per_block` (the default),
   * `per_channel` or `per_tensor`; or to sixteen, by the scheme `float16`. Resolves with the new `model`, and with `before` and `after`: `size_bytes`,
   * `sparsity`, `metrics` and `latency_ms` of each; `max_difference` is that of their answers.
   *
   * @example
   * const { model, before, after } = await v.quantize({ model: net.id });
   * after.size_bytes / before.size_bytes; // about 0.3
   */
  async quantize(request, calling = {}) {
    return this.#make("quantize", request, calling);
  }

  /**
   * Sets the smallest of a net's weights to 0 and fits the others on: `{ model: id, sparsity, fine_tune_epochs, device }`,
   * 10 epochs by default. Resolves as `quantize` does; `calling.onProgress` hears of epochs.
   */
  async prune(request, calling = {}) {
    return this.#make("prune", request, calling);
  }

  /** Puts the weights of a safetensors file in the place of a net's own: `{ model: id }`. Resolves as `quantize` does. */
  async importWeights(bytes, request, calling = {}) {
    return this.#make("import_weights", request, { ...calling, payload: toBlob(bytes) });
  }

  async #make(type, request, calling) {
    const { event, buffers } = await this.request({ id: this.#freshId("model"), ...request, type }, calling);
    const [train_rows, test_rows] = [buffers.train_rows, buffers.test_rows].map((rows) => Array.from(rows ?? []));
    const { model, ...sides } = contentOf(event);
    return { model: { ...model, split: { train_rows, test_rows } }, ...sides };
  }

  /**
   * A model as bytes: `format` is `project` (with `{ include_data: true }` its table too) or, of a net's weights alone,
   * `safetensors`.
   */
  async exportModel(id, format = "project", options = {}) {
    checkOptions(options, ["include_data"]);
    const { buffers } = await this.request({ type: "export", id, format, ...options });
    return buffers.bytes;
  }

  /** Reads a project file: `{ tables, models }`, under new ids where theirs are taken. */
  async importProject(bytes, calling = {}) {
    const payload = toBlob(bytes);
    const prefix = `import-${++this.#lastId.import}-`;
    const { event } = await this.request({ type: "import_project", prefix }, { ...calling, payload });
    return contentOf(event);
  }

  /** Frees a table or a model. */
  async release(id) {
    await this.request({ type: "release", id });
  }

  /** What there is: models, steps, their parameters, and the error codes. */
  async describe() {
    const { event } = await this.request({ type: "describe" });
    return contentOf(event);
  }

  /** Ends the workers. What is under way is rejected with `environment.closed`, as is every later call. */
  close() {
    this.#isClosed = true;
    for (const link of this.#links) link.end(trouble("environment.closed"));
    this.#links.clear();
    this.#cpu = this.#tensors = this.#gpu = null;
    this.#sources.clear();
  }

  /**
   * The call under all others: one request of the protocol, with its payload (what `loadCsv` takes as a source).
   * Resolves with the job's terminal event and its buffers, typed arrays by name.
   *
   * @example
   * const { event } = await v.request({ type: "describe" });
   */
  async request(request, calling = {}) {
    checkOptions(calling, ["payload", "onProgress", "signal", "controls"]);
    const { onProgress, signal } = calling;
    const steering = calling.controls ? steer(calling.controls) : undefined;
    const payload = (calling.payload ?? null) === null ? null : toBlob(calling.payload);
    if (signal?.aborted) throw trouble("cancelled");
    if (request?.type === "train") return this.#train(request, { onProgress, signal, steering });
    if (request?.type === "prune" && request.fine_tune_epochs !== 0) {
      return this.#trainOnDevice(request, { onProgress, signal }, true);
    }
    if (MADE_FROM.includes(request?.type)) {
      return this.#trainAsGuest(await unlessAborted(this.#tensorsLink(), signal), request, { payload, onProgress, signal });
    }
    if (request?.type === "export" && request.format === "safetensors") return this.#exportWeights(request, signal);
    if (request?.type === "search") {
      const options = { onProgress, signal };
      return searchesTensors(request) ? this.#askGuest(request, options) : this.#runTogether(request, options);
    }
    if (["test_rates", "time_steps", "profile_steps"].includes(request?.type)) return this.#askGuest(request, { onProgress, signal });
    return this.#runOnCpu(request, { payload, onProgress, signal, steering });
  }

  async #runOnCpu(request, options) {
    const link = await unlessAborted(this.#cpuLink(), options.signal);
    const remember = (result) => this.#remember(link, request, options.payload ?? null, result.event);
    const result = await link.run(request, { ...options, onLate: (late) => this.#discard(link, request, late, remember) });
    remember(result);
    return result;
  }

  // Training, on the device that was asked for.

  #train(request, options) {
    return this.#trainOnDevice(request, options, usesTensors(request.model));
  }

  async #trainOnDevice(given, calling, withTensors) {
    // A net is written down while it learns: what is lost with a worker or a device goes on from there in another.
    const isKept = given.type === "train" && NETS.includes(given.model?.kind);
    let checkpoint = null;
    const options = isKept ? { ...calling, onCheckpoint: (bytes) => (checkpoint = bytes) } : calling;
    const request = isKept ? { ...given, checkpoints: true } : given;
    const wanted = this.#wantedDevice(request);
    let reason = null;
    const step_ms = wanted === "auto" ? await this.#timeSteps(request, options) : null;
    if (wanted === "webgpu" && !withTensors) {
      reason = `a ${request.model?.kind} is computed exactly, in 64 bits, which WebGPU does not have`;
    } else if (wanted === "webgpu" || step_ms?.webgpu < step_ms?.cpu || (wanted === "auto" && this.#isWorthGpu(request))) {
      try {
        const result = await this.#trainOnGpu(request, options);
        if (step_ms) result.event.device.step_ms = step_ms;
        return result;
      } catch (error) {
        if (!error.code?.startsWith("environment.") || this.#isClosed) throw error;
        if (wanted === "webgpu") reason = error.message;
      }
    }
    const isKnownDevice = ["auto", "cpu", "webgpu"].includes(wanted);
    const onCpu = { ...request, device: isKnownDevice ? "cpu" : wanted };
    const asGuest = async () => {
      const tensors = await unlessAborted(this.#tensorsLink(), options.signal);
      if (!checkpoint) return this.#trainAsGuest(tensors, onCpu, options);
      return this.#trainAsGuest(tensors, { ...onCpu, resume: true }, { ...options, payload: new Blob([checkpoint]) });
    };
    // Once: what ended two workers will end the third.
    const again = (error) => {
      if (error.code !== "environment.worker_crashed" || !checkpoint || this.#isClosed) throw error;
      return asGuest();
    };
    const result = await (withTensors ? asGuest().catch(again) : this.#runTogether(onCpu, options));
    if (reason) (result.event.model ?? result.event).device.fallback_reason = reason;
    if (step_ms) result.event.device.step_ms = step_ms;
    return result;
  }

  /** The device that is asked for; numbers of 16 bits are asked of WebGPU. */
  #wantedDevice({ device = this.#preference, precision }) {
    return device === "auto" && precision === "float16" ? "webgpu" : device;
  }

  /** How long a net's step takes on each device, where the CPU alone would take long; otherwise null. */
  async #timeSteps(request, { signal }) {
    const { id, watch, type, ...fit } = request;
    const size = this.#sizes.get(fit.table);
    const nCells = size?.n_rows * (fit.features?.length ?? size?.n_columns) * (fit.model?.max_iter ?? 20);
    if (!NETS.includes(fit.model?.kind) || !(nCells >= TIMED_CELLS) || !globalThis.navigator?.gpu) return null;
    const time = async (guest, device) => {
      await this.#lendTables(guest, fit, signal);
      return (await guest.run({ ...fit, device, type: "time_steps" }, { signal })).event;
    };
    try {
      const { step_ms: cpu, n_steps } = await time(await unlessAborted(this.#tensorsLink(), signal), "cpu");
      if (!(cpu * n_steps > WORTH_GPU_MILLIS)) return null;
      const { step_ms: webgpu } = await this.#onGpu((gpu) => time(gpu, "webgpu"), signal);
      return webgpu === null ? null : { cpu, webgpu };
    } catch (error) {
      if (error.code === "cancelled" || this.#isClosed) throw error;
      // Without a GPU there is no choice; and whatever else it is, training says it better.
      return null;
    }
  }

  #isWorthGpu(request) {
    const size = this.#sizes.get(request.table);
    if (!size || !usesTensors(request.model) || NETS.includes(request.model.kind) || !globalThis.navigator?.gpu) return false;
    const n_features = request.features?.length ?? size.n_columns - 1;
    const n_epochs = request.model.n_epochs ?? request.model.max_iter ?? 100;
    return size.n_rows * n_features * n_epochs >= AUTO_GPU_MULTIPLICATIONS;
  }

  #trainOnGpu(request, options) {
    return this.#onGpu((gpu) => this.#trainAsGuest(gpu, { ...request, device: "webgpu" }, options), options.signal);
  }

  /** What comes of asking the GPU worker for something. */
  async #onGpu(ask, signal) {
    const gpu = await unlessAborted(this.#gpuLink(), signal);
    try {
      return await ask(gpu);
    } catch (error) {
      // A lost device is lost for the life of its worker.
      if (error.code === "environment.device_lost") this.#loseGpu(gpu, error);
      throw error;
    }
  }

  /** A search or a fit without tensors: in the CPU worker, and with helpers where that is worth it. */
  async #runTogether(request, options) {
    const isForest = (request) => ["random_forest", "extra_trees"].includes(request.model?.kind);
    const hasFolds = request.split?.folds !== undefined;
    // What is steered is in one hand.
    const isShared = this.#nWorkers > 1 && !options.steering && (request.type !== "train" || isForest(request) || hasFolds);
    if (!isShared) return this.#runOnCpu(request, options);
    const run = (request, options) => this.#runOnCpu(request, options);
    // Without the file one worker does it all.
    this.#team ??= import("./worker-team.js").then(({ Team }) => new Team(this.#nWorkers, this.#sizes, {
      run,
      isForest,
      open: (onLost) => this.#open("helper", onLost),
      lend: (link, request, signal) => this.#lendTables(link, request, signal),
      drop: (link, error) => this.#drop(link, error),
      report,
      trouble,
      unlessAborted,
    })).catch(() => ({ run }));
    return (await this.#team).run(request, options);
  }

  /** Asks the tensor worker: what comes of a search or a test are numbers, which belong to nobody. */
  async #askGuest(request, options) {
    const onGpu = request.type === "profile_steps" && this.#wantedDevice(request) === "webgpu";
    const ask = async (guest) => {
      await this.#lendTables(guest, request, options.signal);
      return guest.run(request, options);
    };
    if (onGpu) return this.#onGpu(ask, options.signal);
    return ask(await unlessAborted(this.#tensorsLink(), options.signal));
  }

  /** Trains in a guest and moves the model to the CPU worker, under the same id. */
  async #trainAsGuest(guest, request, options) {
    const { signal } = options;
    // What is made from a model needs that too, and its table.
    const parent = MADE_FROM.includes(request.type) ? request.model : null;
    if (parent) await this.#lendModel(guest, parent, signal);
    else await this.#lendTables(guest, request, signal);
    const onLate = () => guest.run({ type: "release", id: request.id }).catch(() => {});
    const result = await guest.run(request, { ...options, onLate }).finally(() => {
      if (parent && parent !== request.id) guest.run({ type: "release", id: parent }).catch(() => {});
    });
    const { buffers } = await guest.run({ type: "export", id: request.id, format: "project" }, { signal });
    guest.run({ type: "release", id: request.id }).catch(() => {});
    if (this.#findSource(request.id)) await this.release(request.id);
    await this.#runOnCpu({ type: "import_project" }, { payload: new Blob([buffers.bytes]), signal });
    return result;
  }

  /** A net's weights as a file, which the tensor worker writes. */
  async #exportWeights(request, signal) {
    const guest = await unlessAborted(this.#tensorsLink(), signal);
    await this.#lendModel(guest, request.id, signal);
    return guest.run(request, { signal }).finally(() => guest.run({ type: "release", id: request.id }).catch(() => {}));
  }

  /** Copies a model to a guest, and its table. */
  async #lendModel(guest, id, signal) {
    const { buffers } = await this.#runOnCpu({ type: "export", id, format: "project" }, { signal });
    const { event } = await guest.run({ type: "import_project" }, { payload: new Blob([buffers.bytes]), signal });
    await this.#lendTables(guest, event.models[0], signal);
  }

  /** Has a guest read the tables of a request, unless it did. */
  async #lendTables(guest, { table, split }, signal) {
    for (const id of [table, split?.test_table]) {
      const source = this.#findSource(id);
      // An id that nobody knows: the guest has the words for it.
      if (!source || guest.tables.has(id)) continue;
      const { event } = await guest.run(source.request, { payload: source.payload, signal });
      for (const { id } of tablesOf(event)) guest.tables.add(id);
    }
  }

  // Workers: starting, restoring, losing them.

  /** A live CPU worker that holds what this Vitrine holds. */
  #cpuLink() {
    if (this.#isClosed) return Promise.reject(trouble("environment.closed"));
    this.#cpu ??= this.#startCpu().catch((error) => {
      this.#cpu = null;
      throw error;
    });
    return this.#cpu;
  }

  async #startCpu() {
    const lost = [];
    for (;;) {
      let isRestored = false;
      const { link, ready } = await this.#open("cpu", () => {
        if (isRestored) this.#cpu = null;
      });
      this.#cpuDevice = ready.device;
      if (this.device?.kind !== "webgpu") this.#fallBack(this.device?.fallback_reason ?? null);
      const culprit = await this.#restore(link, lost);
      if (culprit) {
        // Restoring this one ended the worker: the others are worth another try without it.
        this.#sources.delete(culprit);
        lost.push(...culprit.ids);
        continue;
      }
      if (link.error) throw link.error;
      isRestored = true;
      const restored = [...this.#sources].flatMap((source) => [...source.ids]);
      if (restored.length + lost.length > 0) this.#tell("restored", { restored, lost });
      return link;
    }
  }

  /** Makes everything again in a new worker; gives back the source that ended the worker, if one did. */
  async #restore(link, lost) {
    for (const source of [...this.#sources]) {
      try {
        const { event } = await link.run(source.request, { payload: source.payload });
        const made = [...tablesOf(event), ...(event.models ?? [])].map(({ id }) => id);
        for (const id of made) if (!source.ids.has(id)) link.run({ type: "release", id }).catch(() => {});
      } catch (error) {
        if (link.error) return source;
        // Its file was changed or deleted meanwhile.
        this.#sources.delete(source);
        lost.push(...source.ids);
      }
    }
    return null;
  }

  /** A live tensor worker. */
  #tensorsLink() {
    if (this.#isClosed) return Promise.reject(trouble("environment.closed"));
    const forget = () => (this.#tensors = null);
    this.#tensors ??= this.#open("tensors", forget).then(
      ({ link }) => link,
      (error) => {
        forget();
        throw error;
      },
    );
    return this.#tensors;
  }

  /** A live GPU worker. */
  #gpuLink() {
    if (this.#isClosed) return Promise.reject(trouble("environment.closed"));
    if (this.#noWebGpu) return Promise.reject(this.#noWebGpu);
    this.#gpu ??= this.#startGpu().catch((error) => {
      this.#gpu = null;
      // One that cannot start will not start later either. One that is not there yet may still be being built.
      if (error.code === "environment.worker_not_started") this.#noWebGpu = error;
      this.#fallBack(error.message);
      throw error;
    });
    return this.#gpu;
  }

  async #startGpu() {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter().catch(() => null);
    if (!adapter) {
      const detail = globalThis.navigator?.gpu ? "the browser offers no adapter" : "the browser has no WebGPU";
      throw (this.#noWebGpu = trouble("environment.no_webgpu", { detail }));
    }
    const { link, ready } = await this.#open("webgpu", (error) => this.#loseGpu(link, error));
    if (ready.device.kind !== "webgpu") {
      const code = "environment.no_webgpu";
      this.#noWebGpu = new VitrineError({ code, message: ready.device.fallback_reason, hint: TROUBLE[code][1] });
      this.#drop(link, this.#noWebGpu);
      throw this.#noWebGpu;
    }
    this.#setDevice(ready.device);
    return link;
  }

  #loseGpu(link, error) {
    this.#drop(link, error);
    this.#gpu = null;
    this.#fallBack(error.message);
  }

  /** The CPU does the work, for a reason if WebGPU was wanted. */
  #fallBack(fallback_reason) {
    if (this.#isClosed) return;
    this.#setDevice({ ...(this.#cpuDevice ?? { kind: "cpu", name: "cpu" }), fallback_reason });
  }

  #setDevice(device) {
    this.device = device;
    this.#tell("device", device);
  }

  /** Starts a worker and shakes hands. `onLost(error)` is called when it dies after that. */
  async #open(kind, onLost) {
    if (this.#isClosed) throw trouble("environment.closed");
    const link = new WorkerLink(kind, (error, wasReady) => {
      this.#links.delete(link);
      if (!wasReady) return;
      onLost(error);
      // With a helper nothing is lost.
      if (kind !== "helper") this.#tell("crash", error);
    });
    this.#links.add(link);
    const ready = await link.ready;
    this.#build ??= ready.build;
    if (ready.build !== this.#build) {
      const detail = `it is ${ready.build}, the page is ${this.#build}`;
      const error = trouble("environment.build_mismatch", { detail });
      this.#drop(link, error);
      throw error;
    }
    this.version ??= { version: ready.version, build: ready.build, protocol: ready.protocol };
    return { link, ready };
  }

  #drop(link, error) {
    link.end(error);
    this.#links.delete(link);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // What the workers hold, and what it was made from.

  #remember(link, request, payload, event) {
    if (event.type === "released") return this.#forget(event.id);
    if (modelOf(event)) return void this.#keepModel(link, modelOf(event));
    if (event.type !== "table_loaded" && event.type !== "project_imported") return;
    const tables = tablesOf(event);
    const ids = [...tables, ...(event.models ?? [])].map(({ id }) => id);
    for (const id of ids) this.#forget(id);
    for (const { id, n_rows, columns, load_ms } of tables) {
      this.#sizes.set(id, { n_rows, n_columns: columns.length, load_ms });
    }
    this.#sources.add({ request, payload, ids: new Set(ids) });
  }

  #forget(id) {
    for (const source of this.#sources) {
      if (source.ids.delete(id) && source.ids.size === 0) this.#sources.delete(source);
    }
    this.#sizes.delete(id);
    for (const link of this.#links) {
      if (link.tables.delete(id)) link.run({ type: "release", id }).catch(() => {});
    }
  }

  /** Keeps a model as bytes, in case its worker dies. If it dies before that, the model is lost with it. */
  async #keepModel(link, id) {
    this.#forget(id);
    try {
      const { buffers } = await link.run({ type: "export", id, format: "project" });
      const request = { type: "import_project" };
      this.#sources.add({ request, payload: new Blob([buffers.bytes]), ids: new Set([id]) });
    } catch {
      // Its worker died, or the model was released meanwhile.
    }
  }

  /** A job was cancelled, but the worker had already finished: what it made is not wanted. */
  #discard(link, request, { event }, remember) {
    const ids = [...tablesOf(event), ...(event.models ?? [])].map(({ id }) => id);
    if (modelOf(event)) ids.push(modelOf(event));
    // In place of something older, the new is all there is.
    if (ids.some((id) => this.#findSource(id)) || event.type === "released") return remember({ event });
    for (const id of ids) link.run({ type: "release", id }).catch(() => {});
  }

  #findSource(id) {
    return [...this.#sources].find((source) => source.ids.has(id));
  }

  /** An id that no table and no model has, imported ones among them. */
  #freshId(kind) {
    for (;;) {
      const id = `${kind}-${++this.#lastId[kind]}`;
      if (!this.#findSource(id)) return id;
    }
  }
}

/** An event without its type: what the public methods return. */
function contentOf({ type, ...content }) {
  return content;
}

/** The id of the model that an event is about the making of. */
function modelOf(event) {
  return event.type === "model_fitted" ? event.id : event.type === "model_made" ? event.model.id : undefined;
}

/** The tables an event brings. */
function tablesOf(event) {
  return event.type === "table_loaded" ? [event] : (event.tables ?? []);
}

/** Whether a model is fitted with tensors, which is what WebGPU can do; exact solvers and trees are not. */
function usesTensors(model) {
  return NETS.includes(model?.kind) || model?.solver === "gradient_descent";
}

/** Whether a search has candidates that are fitted with tensors. */
function searchesTensors({ models, space }) {
  return models?.some?.(usesTensors) || space?.solver?.includes?.("gradient_descent");
}

/** Answers as a reader wants them: class names or numbers, and a list of probabilities per row. */
function answersOf({ codes, values, probabilities, components, distances, scores }, classes, n_rows, n_probabilities) {
  const rowsOf = (numbers, width) =>
    Array.from({ length: numbers.length / width || 0 }, (_, row) => Array.from(numbers.subarray(row * width, (row + 1) * width)));
  return {
    predictions: codes
      ? Array.from(codes, (code) => classes[code])
      : components
        ? rowsOf(components, components.length / n_rows)
        : Array.from(values ?? []),
    probabilities: probabilities ? rowsOf(probabilities, n_probabilities) : null,
    ...(distances ? { distances: Array.from(distances) } : {}),
    ...(scores ? { scores: Array.from(scores) } : {}),
  };
}
