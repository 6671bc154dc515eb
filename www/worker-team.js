/**
 * How several CPU workers share a search or a forest: what is worth it, who does which piece, and one progress of all.
 *
 * `vitrine.js` fetches this with the first such request. Helpers are further CPU workers; they hold tables as guests and
 * no models, are started when there is work for them, and are let go some time after. Whoever does a piece, the result is
 * the same, bit for bit, so that nothing here needs to be remembered when a worker dies.
 *
 * @module
 */

/** How long one worker makes fits of a search alone. They tell how long the others will take. */
const ALONE_MILLIS = 500;

/** How long a helper takes to start, besides reading its table: 130 ms were measured, on a busy machine. */
const START_MILLIS = 200;

/**
 * Work is shared when one worker would need this many times as long for it as a helper needs until it is ready. Twice as
 * long is where sharing begins to gain, and a forest may take half of what is estimated.
 */
const WORTH_STARTS = 4;

/**
 * What growing costs per row, feature and tree: 50 to 90 ns were measured on one core of a server for classes and for
 * trees of six levels, 160 to 310 ns for full trees of numbers, from 1,000 rows of 10 features to 60,000 of 20.
 */
const GROWING_NANOS = 100;

/** A piece of a search is to last about so long: short enough that all workers end together. */
const PIECE_MILLIS = 1000;

/** More folds than a search may have fits are refused by the worker. */
const MOST_FOLDS = 10_000;

/** Helpers hold copies of a table: this many cells in all of them, which is some gigabyte while they fit. */
const HELPERS_MOST_CELLS = 40e6;

/** A helper without work is let go after this time, with all its memory. */
const HELPER_IDLE_MILLIS = 15_000;

/** Progress is told at most twenty times a second. */
const TELL_EVERY_MILLIS = 50;

/** The part of a shared forest's progress that is left when all trees are grown. */
const JOINING_SHARE = 0.1;

/** What a progress has besides its fraction, if nothing else is told. */
const NOTHING_ELSE = { epoch: null, n_epochs: null, train_loss: null, valid_loss: null, best_score: null, message: "fitting" };

/**
 * One progress of several workers, who each tell of a piece of the work. `about()` gives what is told besides the
 * fraction. Sizes are in any unit, of which there are `total`.
 */
class SharedProgress {
  #tellListener;
  #total;
  #about;
  #started = performance.now();
  #told = -Infinity;
  #fraction = 0;
  #done = 0;
  #underWay = new Map();

  constructor(tellListener, total, about) {
    this.#tellListener = tellListener;
    this.#total = total;
    this.#about = about;
  }

  /** The listener for a piece. A piece that is begun again starts from nothing. */
  of(piece, size) {
    this.#underWay.set(piece, 0);
    return ({ fraction }) => {
      this.#underWay.set(piece, size * fraction);
      this.#tell();
    };
  }

  /** A piece is done. */
  end(piece, size) {
    this.#underWay.delete(piece);
    this.#done += size;
    this.#tell();
  }

  #tell() {
    const now = performance.now();
    if (now - this.#told < TELL_EVERY_MILLIS) return;
    this.#told = now;
    const done = [...this.#underWay.values()].reduce((sum, part) => sum + part, this.#done);
    // A piece may be begun again; progress never goes back.
    const fraction = (this.#fraction = Math.max(this.#fraction, Math.min(done / this.#total, 1)));
    const eta_ms = fraction > 0.02 ? ((now - this.#started) / fraction) * (1 - fraction) : null;
    this.#tellListener({ ...NOTHING_ELSE, fraction, eta_ms, ...this.#about() });
  }
}

/** The CPU worker and its helpers. */
export class Team {
  #nWorkers;
  #sizes;
  #vitrine;
  /** Promises of helpers by number; each takes itself out when it is gone. */
  #helpers = new Map();
  /** How many calls have helpers at work, and the timer that lets helpers go when there is none. */
  #nShared = 0;
  #idleTimer;

  /**
   * At most `nWorkers` compute at once. `sizes` has the tables' sizes by id. `vitrine` is what there is of it:
   * `run(request, options)` in the CPU worker; `isForest(request)`, whether its trees can be grown anywhere;
   * `open(onLost)`, `lend(link, request, signal)` and `drop(link, error)` for helpers; `report`, `trouble` and
   * `unlessAborted`.
   */
  constructor(nWorkers, sizes, vitrine) {
    this.#nWorkers = Math.floor(nWorkers);
    this.#sizes = sizes;
    this.#vitrine = vitrine;
  }

  /** Carries out a search, or a request to train a forest or with folds; resolves as a worker would. */
  run(request, options) {
    const isPart = ["known", "only", "within_ms", "only_trees", "grown_trees", "only_folds"].some((field) => (request[field] ?? false) !== false);
    if (isPart) return this.#vitrine.run(request, options);
    return request.type === "search" ? this.#search(request, options) : this.#fit(request, options);
  }

  /** Makes the folds that a fit asks for, the first of them alone, and then the fit to all rows. */
  async #fit(request, { onProgress, signal }) {
    const nFolds = request.split?.folds;
    const { run, isForest } = this.#vitrine;
    const fitAll = (request) => (isForest(request) ? this.#grow : run).call(this, request, { onProgress, signal });
    // What makes no sense the worker has the words for.
    if (!(Number.isInteger(nFolds) && nFolds > 1 && nFolds <= MOST_FOLDS)) return fitAll(request);
    const progress = this.#progress(onProgress, nFolds + 1, () => ({ message: "searching" }));
    let known = [];
    const make = async (ask, fold, signal) => {
      const { event } = await ask({ ...request, only_folds: [fold] }, { signal, onProgress: progress.of(fold, 1) });
      known = known.concat(event.fits);
      progress.end(fold, 1);
    };
    const started = performance.now();
    await make(run, 0, signal);
    const open = Array.from({ length: nFolds - 1 }, (_, idx) => idx + 1);
    const nHelpers = this.#nHelpers(request, (performance.now() - started) * open.length, open.length);
    await this.#share(request, open, nHelpers, signal, make);
    return fitAll({ ...request, known });
  }

  /** Each worker grows some of the trees, and the CPU worker puts them together. */
  async #grow(request, { onProgress, signal }) {
    const nTrees = request.model.n_estimators ?? 100;
    const size = this.#sizes.get(request.table);
    const nFeatures = request.features?.length ?? size?.n_columns - 1;
    const growingMillis = (size?.n_rows * nFeatures * nTrees * GROWING_NANOS) / 1e6;
    // What makes no sense has no number: the worker has the words for it.
    const nWorkers = Number.isInteger(nTrees) ? 1 + this.#nHelpers(request, growingMillis, nTrees) : 1;
    if (nWorkers === 1) return this.#vitrine.run(request, { onProgress, signal });
    // The folds that were made are the first parts of it.
    const nKnown = request.known?.length ?? 0;
    const tell = (told) => onProgress?.({ ...told, fraction: (nKnown + told.fraction) / (nKnown + 1) });
    const progress = this.#progress(tell, nTrees / (1 - JOINING_SHARE), () => ({}));
    const end = (idx) => Math.round((nTrees * idx) / nWorkers);
    const ranges = Array.from({ length: nWorkers }, (_, idx) => [end(idx), end(idx + 1)]);
    const parts = [];
    await this.#share(request, ranges, nWorkers - 1, signal, async (ask, range, signal) => {
      const nOwn = range[1] - range[0];
      const { buffers } = await ask({ ...request, only_trees: range }, { signal, onProgress: progress.of(range, nOwn) });
      progress.end(range, nOwn);
      parts.push(buffers.trees);
    });
    const joining = progress.of("joining", (nTrees * JOINING_SHARE) / (1 - JOINING_SHARE));
    return this.#vitrine.run({ ...request, grown_trees: true }, { payload: new Blob(parts), onProgress: joining, signal });
  }

  /** Searches in the CPU worker, and in several when it turns out to take long. */
  async #search(request, { onProgress, signal }) {
    const { run } = this.#vitrine;
    const started = performance.now();
    const first = await run({ ...request, within_ms: ALONE_MILLIS }, { onProgress, signal });
    if (first.event.type === "searched") return first;
    let { fits: known, open, n_fits, best_score } = first.event;
    const fitMillis = (performance.now() - started) / Math.max(known.length, 1);
    const helpersFor = (open) => this.#nHelpers(request, fitMillis * open.length, open.length);
    if (helpersFor(open) === 0) return run({ ...request, known }, { onProgress, signal });
    const about = () => ({ epoch: known.length, n_epochs: n_fits, best_score, message: "searching" });
    const progress = this.#progress(onProgress, n_fits, about);
    progress.end("alone", known.length);
    for (;;) {
      const nHelpers = helpersFor(open);
      const most = Math.ceil(open.length / (4 * (nHelpers + 1)));
      const nEach = Math.max(1, Math.min(most, Math.round(PIECE_MILLIS / fitMillis)));
      const pieces = [];
      while (open.length > 0) pieces.push(open.splice(0, nEach));
      await this.#share(request, pieces, nHelpers, signal, async (ask, only, signal, isHelper) => {
        // The CPU worker is told what the others found, so that it can say what is best so far.
        const asked = { ...request, only, known: isHelper ? null : known };
        const { event } = await ask(asked, { signal, onProgress: progress.of(only, only.length) });
        known = known.concat(event.fits);
        if (!isHelper) best_score = event.best_score;
        progress.end(only, only.length);
      });
      // Another round, or the end of it.
      const next = await run({ ...request, known, within_ms: 0 }, { signal });
      if (next.event.type === "searched") return next;
      ({ open, best_score } = next.event);
    }
  }

  #progress(listener, total, about) {
    return new SharedProgress((progress) => this.#vitrine.report(listener, progress), total, about);
  }

  /** How many helpers a piece of work is worth that takes one worker so long and that has so many parts. */
  #nHelpers(request, aloneMillis, nParts) {
    const size = this.#sizes.get(request.table);
    if (!size || !(aloneMillis > WORTH_STARTS * (START_MILLIS + size.load_ms))) return 0;
    const nBearable = Math.floor(HELPERS_MOST_CELLS / (size.n_rows * size.n_columns));
    return Math.max(0, Math.min(this.#nWorkers - 1, nParts - 1, nBearable));
  }

  /**
   * Has pieces of work done by the CPU worker and by helpers, each taking the next when it is done with one:
   * `work(ask, piece, signal, isHelper)` asks one of them. What a helper could not do is done by the others; what the CPU
   * worker cannot do ends all of it.
   */
  async #share(request, pieces, nHelpers, signal, work) {
    const { run, lend, trouble, unlessAborted } = this.#vitrine;
    const all = new AbortController();
    // Nothing is left to begin: helpers that are not ready yet are not waited for.
    const begun = new AbortController();
    const stop = () => {
      begun.abort();
      all.abort();
    };
    signal?.addEventListener("abort", stop, { once: true });
    const asCpu = async () => {
      try {
        for (let piece; (piece = pieces.shift()); ) await work(run, piece, all.signal, false);
        begun.abort();
      } catch (error) {
        stop();
        throw error;
      }
    };
    const asHelper = async (number) => {
      let link = null;
      let piece;
      try {
        link = await unlessAborted(this.#helper(number), begun.signal);
        await lend(link, request, begun.signal);
        const ask = (request, options) => link.run(request, options);
        while ((piece = pieces.shift())) await work(ask, piece, all.signal, true);
      } catch (error) {
        if (all.signal.aborted || (begun.signal.aborted && !piece)) return;
        // Whatever it is, the CPU worker will say it better, or not meet it.
        if (piece) pieces.unshift(piece);
        if (link) this.#lose(number, link, error);
      }
    };
    this.#nShared += 1;
    clearTimeout(this.#idleTimer);
    try {
      if (signal?.aborted) throw trouble("cancelled");
      const hands = [asCpu(), ...Array.from({ length: nHelpers }, (_, number) => asHelper(number))];
      // All of them are told of a cancel, and none is waited for.
      await unlessAborted(Promise.all(hands), signal);
      // What a helper left behind when the CPU worker had already found nothing more to do.
      await asCpu();
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#nShared -= 1;
      if (this.#nShared === 0) this.#idleTimer = setTimeout(() => this.#letGo(), HELPER_IDLE_MILLIS);
    }
  }

  /** A live helper. */
  #helper(number) {
    if (!this.#helpers.has(number)) {
      const forget = () => this.#helpers.delete(number);
      const opened = this.#vitrine.open(forget).then(({ link }) => link);
      opened.catch(forget);
      this.#helpers.set(number, opened);
    }
    return this.#helpers.get(number);
  }

  /** Ends a helper that failed, unless it is gone by itself; another may have its number by then. */
  #lose(number, link, error) {
    if (link.error) return;
    this.#helpers.delete(number);
    this.#vitrine.drop(link, error);
  }

  #letGo() {
    const { drop, trouble } = this.#vitrine;
    for (const helper of this.#helpers.values()) helper.then((link) => drop(link, trouble("environment.closed")), () => {});
    this.#helpers.clear();
  }
}
