// Generated from protocol/src by `cargo run --package vitrine-protocol --features types --example types`.
// A test holds it to the messages; do not edit.

/** What is read as bytes; a text becomes UTF-8. */
export type Source = string | ArrayBuffer | ArrayBufferView | Blob;

/** A cell of a table. */
export type Cell = number | string | boolean | null;

/** A row by column name. */
export type Row = Record<string, Cell>;

/** How to start. */
export interface StartOptions {
  /** `"auto"` by default: WebGPU where the work is large. */
  device?: "auto" | "cpu" | "webgpu";
  /** The only build to talk to; the first worker's by default. */
  build?: string | null;
  /** How many CPU workers may compute at once, from 1 to 16; by default one per core, and at most 5. */
  n_workers?: number;
}

/** How images become numbers. */
export interface ImageOptions {
  /** Pixels across and down; 28 by default. */
  width?: number;
  height?: number;
  /** 1 for grey, which is the default, or 3 for colour. */
  channels?: 1 | 3;
  onProgress?: (progress: { fraction: number; message: string }) => void;
  signal?: AbortSignal;
}

/** What goes along with a call. */
export interface Calling {
  /** Hears how far the work is, at most twenty times a second. */
  onProgress?: (progress: Progress) => void;
  /** Stops the work within 200 ms; the call is rejected with `cancelled`. */
  signal?: AbortSignal;
}

/** How far the work is; with `watch` also what the net is now. */
export type Progress = Omit<ProgressMsg, "view"> & { view?: View };

/** A net while it is fitted, with its arrays. */
export type View = Omit<ViewMsg, "layers" | "boundary"> & {
  /** `weights` (row-major, `n_inputs × n_outputs`) and `biases` where they were asked for. */
  layers: Array<LayerViewMsg & { weights?: Float32Array; biases?: Float32Array }>;
  /** Answers at `j * x_values.length + i`: `codes` and `probabilities` (of the answered class), or `values`. */
  boundary: (BoundaryMsg & { codes?: Uint32Array; probabilities?: Float64Array; values?: Float64Array; points?: Float64Array }) | null;
};

/** Steers a fit; each method does nothing once the fit has ended. */
export interface Controls {
  /** Waits, without computing. */
  pause(): void;
  resume(): void;
  /** Does one batch, then waits. */
  step(): void;
  /** Goes back to the end of the last epoch kept at or before this one, then waits; 0 is the start. */
  seek(epoch: number): void;
  /** Ends the fit now and keeps the model as it is. */
  stop(): void;
}

/** The rows of the table that were learned from, and those held back. */
export interface Split {
  train_rows: number[];
  test_rows: number[];
}

/** A model that was made from another, and both beside each other. */
export type Made = Omit<MadeMsg, "model"> & { model: ModelMsg & { split: Split } };

/** Folds, as fields of a request: 5 by default. */
type Folds = Pick<SplitMsg, "folds" | "fold_kind" | "shuffle">;

/** What a search and its relatives have in common. */
type Searching = Omit<SearchMsg, "models" | "space" | "method" | "n_candidates" | "known" | "only" | "within_ms"> & Folds;

/** One model, to be measured on folds. */
export type CrossValidation = Searching & { model: ModelSpecMsg };

/** One model, and what of it to vary. */
export type Search = CrossValidation & Pick<SearchMsg, "space" | "method" | "n_candidates">;

/** Several models, to be ranked. */
export type Comparison = Searching & { models: ModelSpecMsg[] };

/** How a model did on folds. */
export type CrossValidated = Pick<SearchedMsg, "scoring" | "smaller_is_better" | "n_folds" | "issues"> &
  Omit<CandidateMsg, "rank" | "round" | "params" | "error">;

/** What to answer: rows, a table or a CSV; with `output: "csv"` as a CSV. */
export type Rows = ({ rows: Row[] } | { table: string } | { csv: Source }) & { output?: "rows" | "csv" };

/** Answers in row order. */
export interface Prediction {
  n_rows: number;
  /** Classes by name, or numbers. */
  predictions: string[] | number[];
  /** Per row, in the order of `classes`; `null` for regression. */
  probabilities: number[][] | null;
  classes: string[] | null;
  issues: IssueMsg[];
  /** The rows with their answers, with `output: "csv"`. */
  csv?: Uint8Array;
}

/**
 * Answers over a grid, at `j * x_values.length + i`; the probability is the answered class's. With a projection `points` are
 * where the first 2000 rows of the table are, across and upwards in turn.
 */
export type Boundary = BoundaryMsg & { predictions: string[] | number[]; probabilities: number[] | null; points?: Float64Array };

/** What the filters of a model answer for an image, with its arrays. */
export type Activations = ActivationsMsg & { image: Float32Array; maps: Float32Array };

/** The explanation of each kind. */
export type Explanation<E extends ExplainMsg> = E extends { kind: "boundary" } ? Boundary : E extends { kind: "tree" } ? TreeMsg : E extends { kind: "votes" } ? VotesMsg : E extends { kind: "activations" } ? Activations : E extends { kind: "pruning_path" } ? PruningPathMsg : DecisionPathMsg;

/** A terminal event, with its buffers by name. */
export interface Answer {
  event: Event;
  buffers: Record<string, Float64Array | Float32Array | Uint32Array | Uint8Array>;
}

/** Why a call was not carried out; `code` is stable. */
export class VitrineError extends Error implements ErrorMsg {
  code: string;
  stage: string;
  hint: string;
  place: PlaceMsg | null;
  args: Record<string, string>;
}

/**
 * A Vitrine: the workers, and the tables and models in them.
 *
 * Events, each a `CustomEvent`: `crash` (`detail` is the error), `restored` (`{ restored, lost }`, ids) and `device`.
 */
export class Vitrine extends EventTarget {
  private constructor();
  /** The device that trains what can use WebGPU. */
  readonly device: DeviceMsg;
  /** What runs. */
  readonly version: { version: string; build: string; protocol: number };
  /** Starts the worker, and the GPU worker when asked for. */
  static start(options?: StartOptions): Promise<Vitrine>;
  /** Reads a CSV into a table. */
  loadCsv(source: Source, options?: LoadOptionsMsg & Calling): Promise<TableMsg>;
  /** Reads image files into a table of labels and pixels. */
  loadImages(files: Iterable<File>, options?: ImageOptions & { name?: string }): Promise<TableMsg>;
  /** Image files as the CSV that loadImages reads. */
  static imagesToCsv(files: Iterable<File>, options?: ImageOptions): Promise<{ csv: Blob; refused: string[] }>;
  /** Makes up a table with the columns `x`, `y` and `class`: `circle`, `xor`, `gaussian`, `spiral`, `moons` or `spirals_3`. */
  makeToy(request: { kind: string; n_rows?: number; noise?: number; seed?: number }, calling?: Calling): Promise<TableMsg>;
  /** Reads rows `start` to `end` (left out), the first 50 by default, or the rows named. */
  readTable(id: string, options?: { start?: number; end?: number; rows?: ArrayLike<number> }): Promise<{ rows: Row[] }>;
  /** Fits a recipe on a whole table and shows the matrix a model would see, row-major. */
  prepare(request: PrepareMsg, calling?: Calling): Promise<PreparedMsg & { matrix: Float64Array }>;
  /** Splits, prepares, fits and measures. `controls` is given the methods that steer the fit. */
  train(request: Omit<TrainMsg, "only_trees" | "grown_trees" | "only_folds" | "known" | "checkpoints" | "resume"> & { id?: string }, calling?: Calling & { controls?: Partial<Controls> }): Promise<ModelMsg & { split: Split }>;
  /** Tries learning rates of a net out, one batch at each, and suggests one. */
  learningRateTest(request: Omit<TrainMsg, "only_trees" | "grown_trees" | "only_folds" | "known" | "checkpoints" | "resume" | "watch">, calling?: Calling): Promise<RatesMsg>;
  /** Times a net's step and each of its operations on one device. */
  profile(request: Omit<TrainMsg, "only_trees" | "grown_trees" | "only_folds" | "known" | "watch">, calling?: Calling): Promise<ProfileMsg>;
  /** What takes memory in each worker that runs. */
  memory(): Promise<{ workers: ({ worker: string } & MemoryMsg)[] }>;
  /** Measures a model on folds, each learning its own recipe. */
  crossValidate(request: CrossValidation, calling?: Calling): Promise<CrossValidated>;
  /** Searches parameters of a model; `candidates[best].model` is what `train` takes. */
  search(request: Search, calling?: Calling): Promise<SearchedMsg>;
  /** Ranks models on the same folds, or with a `split` and no `folds` on the same test rows. */
  compare(request: Comparison, calling?: Calling): Promise<SearchedMsg>;
  /** Answers rows, a table or a CSV, in row order. */
  predict(id: string, what: Rows, calling?: Calling): Promise<Prediction>;
  /** Measures a model on a table, or on the rows of its own that it learned from or that were held back; `rows` are those measured, cell after cell of the confusion matrix. */
  evaluate(id: string, request: { table: string; rows?: "all" | "train" | "test"; resamples?: number; seed?: number }, calling?: Calling): Promise<EvaluationMsg & { rows: Uint32Array }>;
  /** Says why a model answers as it does. */
  explain<E extends ExplainMsg>(id: string, explain: E, calling?: Calling): Promise<Explanation<E>>;
  /** Rounds a net's weights to eight bits; resolves with the new model, and with both beside each other. */
  quantize(request: { model: string; scheme?: "per_tensor" | "per_channel" | "per_block" | "float16"; id?: string }, calling?: Calling): Promise<Made>;
  /** Sets the smallest of a net's weights to 0 and fits the others on. */
  prune(request: { model: string; sparsity: number; fine_tune_epochs?: number; device?: string; id?: string }, calling?: Calling): Promise<Made>;
  /** Puts the weights of a safetensors file in the place of a net's own. */
  importWeights(bytes: Source, request: { model: string; id?: string }, calling?: Calling): Promise<Made>;
  /** A model as the bytes of a file. */
  exportModel(id: string, format?: ExportFormat, options?: { include_data?: boolean }): Promise<Uint8Array>;
  /** Reads a project file. */
  importProject(bytes: Source, calling?: Calling): Promise<ProjectMsg>;
  /** Frees a table or a model. */
  release(id: string): Promise<void>;
  /** What there is: models, steps, parameters and error codes. */
  describe(): Promise<CatalogMsg>;
  /** Ends the workers. */
  close(): void;
  /** One request of the protocol; resolves with its terminal event and its buffers. */
  request(request: Request, calling?: Calling & { payload?: Source | null; controls?: Partial<Controls> }): Promise<Answer>;
}

// The messages.

/**
 * What the filters of a model answer for an image. Buffers beside it, both f32: `image`, its pixels as the model is given
 * them, `height × width × channels`; and `maps`, block after block and in each map after map, row by row, before pooling.
 */
export type ActivationsMsg = { 
/**
 * The sizes of each block's maps.
 */
blocks: Array<MapsMsg>, };

/**
 * One bar of a histogram: `start ≤ x < end`, the last one closed.
 */
export type BinMsg = { 
/**
 * Left edge.
 */
start: number, 
/**
 * Right edge.
 */
end: number, 
/**
 * Cells in it.
 */
count: number, };

/**
 * Some filters, and the pooling behind them.
 */
export type BlockMsg = { 
/**
 * `plain`, or `separable`: each channel by itself, then sums over the channels.
 */
kind: string, 
/**
 * How many there are.
 */
filters: number, 
/**
 * How many pixels a filter sees each way.
 */
kernel_size: number, 
/**
 * Rows of pixels of what a filter answers.
 */
height: number, 
/**
 * Pixels of a row of that.
 */
width: number, 
/**
 * Whether what is handed on is half as high and wide, the largest of two by two pixels.
 */
is_pooled: boolean, 
/**
 * Numbers that were learned.
 */
n_parameters: number, 
/**
 * Of the first block if it is plain, up to 5,000 numbers: the filters, `kernel_size × kernel_size × channels × filters`.
 */
weights: Array<number> | null, };

/**
 * Measures on the rows learned from and on those held back.
 */
export type BothMetricsMsg = { 
/**
 * On the training rows.
 */
train: { [key in string]: number | null }, 
/**
 * On the test rows, if any were held back.
 */
test: { [key in string]: number | null } | null, 
/**
 * On held-back folds of the training rows, with `split.folds`; the model itself is fitted on all of them.
 */
folds: { [key in string]: SpreadMsg } | null, };

/**
 * Answers over a grid. The answers come beside it as buffers: `codes` and `probabilities` (of the answered class) for
 * classification, `values` for regression; row `j` from the bottom, column `i`, at `j * n_x + i`. With a projection also
 * `points`, where the first 2000 rows of the model's table are: across and upwards, one row after the other.
 */
export type BoundaryMsg = { 
/**
 * The column across; `PC 1` with a projection.
 */
x: string, 
/**
 * The column upwards; `PC 2` with a projection.
 */
y: string, 
/**
 * Grid points across: numbers, or the categories' names.
 */
x_values: Array<JsonValue>, 
/**
 * Grid points upwards.
 */
y_values: Array<JsonValue>, 
/**
 * The values the other columns were held at; with a projection those of columns whose categories are positions.
 */
fixed: { [key in string]: JsonValue }, 
/**
 * The classes; `null` for regression.
 */
classes: Array<string> | null, 
/**
 * What the directions are; `null` where the axes are columns.
 */
projection: ProjectionMsg | null, };

/**
 * A candidate and how it did.
 */
export type CandidateMsg = { 
/**
 * The model, as `train` takes it.
 */
model: ModelSpecMsg, 
/**
 * What was varied, by name.
 */
params: Record<string, unknown>, 
/**
 * From 1; equals share one, and who failed comes last.
 */
rank: number, 
/**
 * The mean of the measure that was gone by, over the folds held back.
 */
score: number | null, 
/**
 * Its standard deviation.
 */
score_std: number | null, 
/**
 * Its mean on the rows learned from.
 */
train_score: number | null, 
/**
 * Mean wall time of a fit.
 */
fit_ms: number, 
/**
 * Every measure on the folds held back.
 */
metrics: { [key in string]: SpreadMsg }, 
/**
 * The last round it took part in, from 0.
 */
round: number, 
/**
 * Why it has no score.
 */
error: ErrorMsg | null, };

/**
 * Everything declared.
 */
export type CatalogMsg = { 
/**
 * The models of the registry.
 */
models: Array<ModelDocMsg>, 
/**
 * The preparation steps.
 */
steps: Array<StepDocMsg>, 
/**
 * The measures, in the order they are listed.
 */
measures: Array<MeasureDocMsg>, 
/**
 * The charts of an evaluation, in the order they are offered.
 */
charts: Array<ChartDocMsg>, 
/**
 * The error codes.
 */
errors: Array<ErrorDocMsg>, };

/**
 * A chart of an evaluation.
 */
export type ChartDocMsg = { 
/**
 * Its name in messages.
 */
name: string, 
/**
 * Its title.
 */
title: TextMsg, 
/**
 * What to read in it.
 */
summary: TextMsg, 
/**
 * The axis across.
 */
x: TextMsg, 
/**
 * The axis upwards.
 */
y: TextMsg, 
/**
 * Of which task it is.
 */
task: Task, };

/**
 * A linear model's numbers, for the matrix' features.
 */
export type CoefficientsMsg = { 
/**
 * Regression: one number per feature. Classification: one list per class; for two classes one list, of the second.
 */
coefficients: JsonValue, 
/**
 * Regression: a number. Classification: one number per list.
 */
intercept: JsonValue, };

/**
 * What a column holds.
 */
export type ColumnKind = "numeric" | "categorical" | "datetime" | "boolean" | "text";

/**
 * A column and its profile. Statistics of numbers are `null` for other kinds and where nothing is present.
 */
export type ColumnMsg = { 
/**
 * Its name, made unique.
 */
name: string, 
/**
 * What it holds.
 */
kind: ColumnKind, 
/**
 * Cells without a value.
 */
n_missing: number, 
/**
 * Different values among the present ones.
 */
n_distinct: number, 
/**
 * Mean of the present values.
 */
mean: number | null, 
/**
 * Sample standard deviation (divided by n − 1).
 */
std: number | null, 
/**
 * Smallest value.
 */
min: number | null, 
/**
 * Lower quartile, linearly interpolated.
 */
q1: number | null, 
/**
 * Median, linearly interpolated.
 */
median: number | null, 
/**
 * Upper quartile, linearly interpolated.
 */
q3: number | null, 
/**
 * Largest value.
 */
max: number | null, 
/**
 * The most frequent values, most frequent first; ties in order of the value.
 */
top_values: Array<TopValueMsg>, 
/**
 * Equal-width bins between `min` and `max`, for numbers and times.
 */
histogram: Array<BinMsg>, };

/**
 * How a fit goes on. Any fit can be paused and resumed; the rest is for models that can be watched.
 */
export type ControlAction = "pause" | "resume" | "step" | { "seek": number } | "stop";

/**
 * The way one row takes from root to leaf. A linear model has no path: its `terms` say what each feature adds.
 */
export type DecisionPathMsg = { 
/**
 * The inner nodes in the order they are met.
 */
path: Array<PathStepMsg>, 
/**
 * The leaf reached.
 */
leaf: number | null, 
/**
 * Linear models: each feature's coefficient times its value, by decreasing size.
 */
terms: Array<TermMsg>, 
/**
 * The answer: a class or a number.
 */
prediction: JsonValue, 
/**
 * The probability of each class, in the order of the model's classes.
 */
probabilities: Array<number> | null, 
/**
 * The path in one sentence: `petal width 1.4 ≤ 1.75 → … → versicolor`.
 */
sentence: string, };

/**
 * Where arithmetic happens.
 */
export type DeviceKind = "cpu" | "webgpu";

/**
 * The device that answered.
 */
export type DeviceMsg = { 
/**
 * Which kind.
 */
kind: DeviceKind, 
/**
 * Its name.
 */
name: string, 
/**
 * Why it is not the one that was asked for.
 */
fallback_reason: string | null, 
/**
 * Milliseconds of a training step, where devices were tried before one was chosen.
 */
step_ms: StepMillisMsg | null, 
/**
 * `float16` where a net was computed with that.
 */
precision?: Precision, };

/**
 * A category as a learned vector.
 */
export type EmbeddingMsg = { 
/**
 * The feature.
 */
feature_name: string, 
/**
 * How many categories it has.
 */
n_categories: number, 
/**
 * How long a vector is.
 */
dim: number, };

/**
 * A text encoding the reader knows.
 */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "gb18030" | "windows-1252";

/**
 * An error code.
 */
export type ErrorDocMsg = { 
/**
 * The stable code.
 */
code: string, 
/**
 * When it happens.
 */
meaning: string, };

/**
 * The request cannot be carried out.
 */
export type ErrorMsg = { 
/**
 * Stable name, `stage.what`: `ingest.no_rows`, `train.loss_not_finite`, `cancelled`.
 */
code: string, 
/**
 * The stage it happened in: `ingest`, `preprocess`, `train`, …
 */
stage: string, 
/**
 * What is wrong, with both sides of the mismatch.
 */
message: string, 
/**
 * What to do about it.
 */
hint: string, 
/**
 * Where it is.
 */
place: PlaceMsg | null, 
/**
 * The values in the message by name, so that a translation can place them.
 */
args: { [key in string]: string }, };

/**
 * Measures of a model on a table.
 */
export type EvaluationMsg = { 
/**
 * The model's id.
 */
model: string, 
/**
 * The table's id.
 */
table: string, 
/**
 * Rows measured: those whose target is present and known.
 */
n_rows: number, 
/**
 * The measures.
 */
metrics: { [key in string]: number | null }, 
/**
 * The classes, in the order of the confusion matrix.
 */
classes: Array<string> | null, 
/**
 * Rows by true class, columns by predicted class.
 */
confusion: Array<Array<number>> | null, 
/**
 * `precision`, `recall`, `f1` and `support` (rows) of each class.
 */
per_class: Array<{ [key in string]: number | null }> | null, 
/**
 * Bootstrap intervals of 95 % by measure, `[low, high]`; `null` altogether where there are too many rows to
 * resample, or none were asked for.
 */
intervals: Record<string, [number, number] | null> | null, 
/**
 * From how many resamples.
 */
n_resamples: number, 
/**
 * What to draw, by chart: `roc`, `precision_recall`, `calibration` and `calibration_quantile` have a series per
 * class (of many, the largest), `fitted` and `residuals` one. `cluster_sizes` counts rows, `explained_variance` has
 * each component's share and then the shares added up, `components` the rows along the first two, `scores` the
 * edges of bins across, and `oddest` the rows with the lowest scores.
 */
charts: { [key in string]: Array<SeriesMsg> }, 
/**
 * What was odd.
 */
issues: Array<IssueMsg>, };

/**
 * The events, past tense. All but `Ready`, `Progressed` and `Crashed` are terminal: each job gets exactly one.
 */
export type Event = { "type": "ready" } & ReadyMsg | { "type": "progressed" } & ProgressMsg | { "type": "table_loaded" } & TableMsg | { "type": "rows_read" } & RowsMsg | { "type": "prepared" } & PreparedMsg | { "type": "model_fitted" } & ModelMsg | { "type": "rates_tested" } & RatesMsg | { "type": "steps_timed", 
/**
 * Milliseconds of a batch; `null` where the first step was the only one.
 */
step_ms: number | null, 
/**
 * How many batches the fit would have at most.
 */
n_steps: number, } | { "type": "memory_told" } & MemoryMsg | { "type": "steps_profiled" } & ProfileMsg | { "type": "model_made" } & MadeMsg | { "type": "searched" } & SearchedMsg | { "type": "fits_made", 
/**
 * What came of them, in the order asked for.
 */
fits: Array<FitMsg>, 
/**
 * The fits that can be made next, each `[round, candidate, fold]`; none where some were asked for by name.
 */
open: Array<[number, number, number]>, 
/**
 * How many fits the whole search has.
 */
n_fits: number, 
/**
 * The best mean score so far, of what is known and what was made.
 */
best_score: number | null, } | { "type": "trees_grown", 
/**
 * The first.
 */
start: number, 
/**
 * One past the last.
 */
end: number, } | { "type": "predicted" } & PredictionMsg | { "type": "evaluated" } & EvaluationMsg | { "type": "explained" } & ExplanationMsg | { "type": "exported", 
/**
 * A name for the file.
 */
file_name: string, } | { "type": "project_imported" } & ProjectMsg | { "type": "released", 
/**
 * Which one.
 */
id: string, } | { "type": "described" } & CatalogMsg | { "type": "failed" } & ErrorMsg | { "type": "cancelled" } | { "type": "crashed", 
/**
 * The panic's message and place.
 */
message: string, };

/**
 * One message from a worker; [`Buffer`]s are posted beside it.
 */
export type EventMsg = { 
/**
 * The job it is about; `null` for `ready` and `crashed`.
 */
job: number | null, 
/**
 * What happened.
 */
event: Event, };

/**
 * Which explanation.
 */
export type ExplainMsg = { "kind": "decision_path", 
/**
 * A row of the model's table by position, or a row as an object from column name to value.
 */
row: number | Record<string, Cell>, 
/**
 * In a model of many trees, the tree whose way is wanted; without it there is no way.
 */
tree?: number, } | { "kind": "votes", 
/**
 * A row of the model's table by position, or a row as an object from column name to value.
 */
row: number | Record<string, Cell>, } | { "kind": "activations", 
/**
 * A row of the model's table by position, or a row as an object from column name to value.
 */
row: number | Record<string, Cell>, } | { "kind": "tree", 
/**
 * Its position, from 0.
 */
index: number, } | { "kind": "pruning_path", } | { "kind": "boundary", 
/**
 * The column across.
 */
x?: string, 
/**
 * The column upwards.
 */
y?: string, 
/**
 * Directions instead of columns; `x`, `y` and `fixed` are left out then.
 */
projection?: ProjectionMethod, 
/**
 * Grid points each way; 60 by default.
 */
resolution?: number, 
/**
 * The other columns' values; the median or most frequent by default.
 */
fixed?: Record<string, Cell>, };

/**
 * An explanation.
 */
export type ExplanationMsg = DecisionPathMsg | BoundaryMsg | TreeMsg | PruningPathMsg | VotesMsg | ActivationsMsg;

/**
 * The formats a model can be written in.
 */
export type ExportFormat = "project" | "safetensors";

/**
 * What a net takes while it learns, on the device that it learns on.
 */
export type FitMemoryMsg = { 
/**
 * The rows that it learns from and those that were held back, with their labels.
 */
rows_bytes: number, 
/**
 * Its numbers.
 */
net_bytes: number, 
/**
 * What the optimiser remembers of each.
 */
optimizer_bytes: number, 
/**
 * Epochs that can be gone back to: numbers and memories of each.
 */
epochs_bytes: number, };

/**
 * What came of one fit of a search.
 */
export type FitMsg = { 
/**
 * Round, candidate and fold.
 */
fit: [number, number, number], 
/**
 * Measures on the fold held back.
 */
metrics: { [key in string]: number | null }, 
/**
 * The measure that is gone by, on the rows learned from.
 */
train_score: number | null, 
/**
 * Wall time of the fit itself.
 */
fit_ms: number, 
/**
 * Why there are no measures.
 */
error: ErrorMsg | null, };

/**
 * A step after it has learned from the training rows.
 */
export type FittedStepMsg = { 
/**
 * The step as asked for.
 */
asked: StepMsg, 
/**
 * The columns it worked on.
 */
columns: Array<string>, 
/**
 * What it learned, by column: `{ "fill": 43.9 }`, `{ "mean": …, "scale": … }`, `{ "categories": [ … ] }`.
 */
learned: Array<JsonValue>, 
/**
 * Rows before and after.
 */
n_rows: [number, number], 
/**
 * Columns before and after.
 */
n_columns: [number, number], 
/**
 * Missing cells before and after.
 */
n_missing: [number, number], 
/**
 * A few values before and after of the first column touched.
 */
sample: [Array<JsonValue>, Array<JsonValue>], 
/**
 * The position of that column in `columns`.
 */
sample_of: number, };

/**
 * What stands before a net's layers.
 */
export type FrontMsg = { "kind": "recurrent", 
/**
 * `lstm` or `gru`.
 */
cell: string, 
/**
 * Steps of a row.
 */
n_steps: number, 
/**
 * Numbers of each step.
 */
n_features: number, 
/**
 * What each layer of cells remembers, and the last hands on.
 */
n_units: number, 
/**
 * Layers of cells.
 */
n_layers: number, } | { "kind": "embeddings", 
/**
 * Each feature that is a category.
 */
columns: Array<EmbeddingMsg>, } | { "kind": "convolutions", 
/**
 * Rows of pixels.
 */
height: number, 
/**
 * Pixels of a row.
 */
width: number, 
/**
 * Numbers of a pixel.
 */
channels: number, 
/**
 * One behind the other.
 */
blocks: Array<BlockMsg>, };

/**
 * A table or a model that a worker holds.
 */
export type HeldMsg = { 
/**
 * Its id.
 */
id: string, 
/**
 * A table's name, a model's kind.
 */
name: string, 
/**
 * Bytes of a table's cells in memory; of a model's numbers as a file has them.
 */
bytes: number, 
/**
 * Of a net, its tensors.
 */
tensors: Array<TensorMsg>, };

/**
 * One epoch or iteration. Forests tell the share answered wrong, or the mean squared error, tree by tree (at 200 of
 * them at most), of up to 4,096 training rows, by the trees that did not draw them where they draw rows, and as many
 * test rows.
 */
export type HistoryMsg = { 
/**
 * From 1.
 */
epoch: number, 
/**
 * The loss on the training rows.
 */
train_loss: number, 
/**
 * The loss on the test rows, if there are any.
 */
valid_loss: number | null, 
/**
 * Time since the fit began.
 */
elapsed_ms: number, };

/**
 * A raw column a model reads, as a form needs it.
 */
export type InputMsg = { 
/**
 * The column's name.
 */
name: string, 
/**
 * What it holds.
 */
kind: ColumnKind, 
/**
 * The categories seen in training, most frequent first; empty for other kinds.
 */
categories: Array<string>, 
/**
 * Smallest number seen in training.
 */
min: number | null, 
/**
 * Median of the numbers seen in training.
 */
median: number | null, 
/**
 * Largest number seen in training.
 */
max: number | null, };

/**
 * The data is odd but usable; work went on.
 */
export type IssueMsg = { 
/**
 * Stable name: `ragged_row`, `duplicate_column_name`, …
 */
code: string, 
/**
 * What was found.
 */
message: string, 
/**
 * What was done about it, or what to do.
 */
hint: string, 
/**
 * Where it was found first.
 */
place: PlaceMsg | null, 
/**
 * How often.
 */
count: number, 
/**
 * The values in the message by name, so that a translation can place them.
 */
args: { [key in string]: string }, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

/**
 * A layer of a net: `activation(biases + inputs · weights)`, the sums standardised by `norm` where there is one.
 */
export type LayerMsg = { 
/**
 * What it reads: the matrix' features, or the units of the layer before.
 */
n_inputs: number, 
/**
 * Its units.
 */
n_outputs: number, 
/**
 * What they make of their sums; `identity` for the last layer.
 */
activation: string, 
/**
 * Row-major, `n_inputs × n_outputs`; `null` of a net with more than 20,000 numbers.
 */
weights: Array<number> | null, 
/**
 * One per unit.
 */
biases: Array<number>, 
/**
 * `gamma`, `beta`, `mean` and `variance`, one of each per unit, where sums are standardised.
 */
norm: { [key in string]: Array<number> } | null, };

/**
 * A layer while it is fitted.
 */
export type LayerViewMsg = { 
/**
 * What it reads.
 */
n_inputs: number, 
/**
 * Its units.
 */
n_outputs: number, 
/**
 * The length of the last batch's gradient; `null` before the first.
 */
gradient_norm: number | null, 
/**
 * Units that are 0 for each of the first training rows (up to 256), of hidden layers of rectifiers; otherwise 0.
 */
n_dead: number, };

/**
 * What a reader should not sniff; every field is optional.
 */
export type LoadOptionsMsg = { 
/**
 * What to call the table.
 */
name?: string, 
/**
 * The cell separator, one ASCII character.
 */
delimiter?: string, 
/**
 * The quote, one ASCII character, or empty for none.
 */
quote?: string, 
/**
 * The decimal mark, `.` or `,`.
 */
decimal?: string, 
/**
 * Whether the first record names the columns.
 */
has_header?: boolean, 
/**
 * The text encoding.
 */
encoding?: Encoding, 
/**
 * Kinds by column name.
 */
column_kinds?: Record<string, ColumnKind>, 
/**
 * The cells that mean "missing", instead of the usual ones (empty, `NA`, `NaN`, `null`, …).
 */
missing_values?: Array<string>, };

/**
 * What a feature weighs in a direction.
 */
export type LoadingMsg = { 
/**
 * The feature.
 */
feature: string, 
/**
 * From -1 to 1.
 */
weight: number, };

/**
 * A model that was made from another, and both beside each other.
 */
export type MadeMsg = { 
/**
 * The new model.
 */
model: ModelMsg, 
/**
 * The model it was made from.
 */
before: MadeSideMsg, 
/**
 * The new one.
 */
after: MadeSideMsg, 
/**
 * The largest difference between their answers on the test rows (without any, on the training rows): of
 * probabilities, or of numbers. `null` where the table is gone.
 */
max_difference: number | null, 
/**
 * From how many rows.
 */
n_compared: number, };

/**
 * One of the two.
 */
export type MadeSideMsg = { 
/**
 * Bytes of its numbers in a project file: weights, scales, intercepts, norms.
 */
size_bytes: number, 
/**
 * Which share of its weights is 0.
 */
sparsity: number, 
/**
 * Measured now, on the training rows and the test rows; empty where the table is gone.
 */
metrics: BothMetricsMsg, 
/**
 * What answering 1,000 prepared rows takes here; `null` where the table is gone.
 */
latency_ms: number | null, };

/**
 * Some maps of one size.
 */
export type MapsMsg = { 
/**
 * Rows of pixels of each.
 */
height: number, 
/**
 * Pixels of a row.
 */
width: number, 
/**
 * How many there are, one per filter.
 */
n_maps: number, };

/**
 * A measure.
 */
export type MeasureDocMsg = { 
/**
 * Its name in messages.
 */
name: string, 
/**
 * Its name for people.
 */
title: TextMsg, 
/**
 * What it says, in a line.
 */
summary: TextMsg, 
/**
 * What it measures.
 */
tasks: Array<Task>, 
/**
 * `main` for the first to look at, `more` for a closer look, `class` for those of each class.
 */
group: string, 
/**
 * Whether it lies between 0 and 1 as a rule and more is better.
 */
is_share: boolean, };

/**
 * What takes memory in a worker.
 */
export type MemoryMsg = { 
/**
 * WebAssembly's memory: it grows with what was held at once, and never shrinks while the worker lives. `null` natively.
 */
heap_bytes: number | null, 
/**
 * What of a GPU's memory is taken; `null` in a worker that computes on the CPU.
 */
pool: PoolMsg | null, 
/**
 * The tables it holds.
 */
tables: Array<HeldMsg>, 
/**
 * The models it holds.
 */
models: Array<HeldMsg>, };

/**
 * A kind of model.
 */
export type ModelDocMsg = { 
/**
 * Its name in requests.
 */
kind: string, 
/**
 * Its name for people.
 */
title: TextMsg, 
/**
 * What it does, in a sentence or two.
 */
summary: TextMsg, 
/**
 * What it can learn.
 */
tasks: Array<Task>, 
/**
 * Whether it can use WebGPU, and with which parameters.
 */
webgpu: boolean, 
/**
 * Whether rows may have weights, unless its parameters say otherwise.
 */
sample_weight: boolean, 
/**
 * Whether it shows itself while it is fitted, and can be steered.
 */
watchable: boolean, 
/**
 * Its hyper-parameters.
 */
params: Array<ParamDocMsg>, };

/**
 * A fitted model. The rows of its split come beside it as [`crate::Buffer`]s `train_rows` and `test_rows`.
 */
export type ModelMsg = { 
/**
 * What requests call it.
 */
id: string, 
/**
 * What was learned.
 */
task: Task, 
/**
 * The model's kind.
 */
kind: string, 
/**
 * The table it was trained on.
 */
table: string, 
/**
 * The column it predicts; `null` for what is learned without a target.
 */
target: string | null, 
/**
 * The raw columns it reads.
 */
features: Array<InputMsg>, 
/**
 * What `codes` are called: the classes, sorted; `cluster 0` and so on; `inlier` and `outlier`. `null` for numbers.
 */
classes: Array<string> | null, 
/**
 * The matrix' columns after preparation.
 */
feature_names: Array<string>, 
/**
 * The fitted recipe.
 */
recipe: Array<FittedStepMsg>, 
/**
 * Every hyper-parameter, defaults included.
 */
params: { [key in string]: JsonValue }, 
/**
 * Measures on both parts.
 */
metrics: BothMetricsMsg, 
/**
 * What the model consists of, by kind.
 */
structure: StructureMsg, 
/**
 * The loss by epoch, for what is iterated.
 */
history: Array<HistoryMsg>, 
/**
 * Wall time of the fit itself, preparation and evaluation not included.
 */
fit_ms: number, 
/**
 * The device that fitted it.
 */
device: DeviceMsg, 
/**
 * Training rows.
 */
n_train: number, 
/**
 * Test rows.
 */
n_test: number, 
/**
 * What was odd.
 */
issues: Array<IssueMsg>, 
/**
 * What it was made from, for making it again.
 */
receipt: ReceiptMsg, };

/**
 * A model's kind and its hyper-parameters by name; each kind declares which.
 */
export type ModelSpecMsg = { 
/**
 * `decision_tree`, `linear_regression`, `logistic_regression`, …
 */
kind: string, } & ({ [key in string]: number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null });

/**
 * An operation of a net's step, done by itself.
 */
export type OpTimeMsg = { 
/**
 * `pick_rows`, `front`, `front_and_back`, `layer`, `loss`, `weights_gradient`, `slope` or `optimizer`.
 */
op: string, 
/**
 * The layer, from 0; `null` of what is no layer's.
 */
layer: number | null, 
/**
 * Rows and columns of what it reads.
 */
shapes: Array<[number, number]>, 
/**
 * Multiply-adds of its products.
 */
multiply_adds: number, 
/**
 * Bytes read and written.
 */
n_bytes: number, 
/**
 * Milliseconds of one, the median of several rounds.
 */
ms: number, };

/**
 * A hyper-parameter.
 */
export type ParamDocMsg = { 
/**
 * Its name, scikit-learn's where it has one.
 */
name: string, 
/**
 * What it is when not given.
 */
default: JsonValue, 
/**
 * What it may be.
 */
range: ParamKindMsg, 
/**
 * Its unit; empty for none.
 */
unit: string, 
/**
 * One line.
 */
short: TextMsg, 
/**
 * More, for who asks; may be empty.
 */
long: string, };

/**
 * What a hyper-parameter may be.
 */
export type ParamKindMsg = { "type": "integer", 
/**
 * Smallest.
 */
min: number, 
/**
 * Largest.
 */
max: number, 
/**
 * Whether `null` is allowed.
 */
nullable: boolean, } | { "type": "number", 
/**
 * Lower end.
 */
min: number, 
/**
 * Upper end.
 */
max: number, 
/**
 * Whether the lower end itself is out.
 */
min_excluded: boolean, 
/**
 * Whether `null` is allowed.
 */
nullable: boolean, } | { "type": "number_or_word", 
/**
 * Lower end.
 */
min: number, 
/**
 * Upper end.
 */
max: number, 
/**
 * Whether the lower end itself is out.
 */
min_excluded: boolean, 
/**
 * Whether `null` is allowed.
 */
nullable: boolean, 
/**
 * The words.
 */
options: Array<string>, } | { "type": "boolean" } | { "type": "choice", 
/**
 * The words.
 */
options: Array<string>, } | { "type": "integers", 
/**
 * Smallest.
 */
min: number, 
/**
 * Largest.
 */
max: number, 
/**
 * How many there are at most.
 */
most: number, };

/**
 * One question on the way.
 */
export type PathStepMsg = { 
/**
 * The node asked.
 */
node: number, 
/**
 * The feature it asks for.
 */
feature_name: string, 
/**
 * The row's value: in raw units, after imputation; `null` when it is missing.
 */
value: JsonValue, 
/**
 * The node's threshold, in raw units; none where the question is only whether the value is missing.
 */
threshold: number | null, 
/**
 * `left` or `right`.
 */
went: string, 
/**
 * Training rows that reached the node.
 */
n_samples: number, 
/**
 * The node's class shares or mean.
 */
value_here: Array<number>, };

/**
 * Where in the user's data or request something is; absent parts do not apply.
 */
export type PlaceMsg = { 
/**
 * Line of the file, from 1.
 */
line?: number, 
/**
 * Row of the table, from 0.
 */
row?: number, 
/**
 * Name of the column.
 */
column?: string, 
/**
 * Byte of the file, from 0.
 */
byte?: number, 
/**
 * Position of the step in the recipe, from 0.
 */
step?: number, 
/**
 * Field of the request.
 */
field?: string, };

/**
 * A GPU's memory.
 */
export type PoolMsg = { 
/**
 * Bytes of tensors that are alive.
 */
in_use_bytes: number, 
/**
 * Bytes taken from the GPU, with what is kept for tensors to come.
 */
reserved_bytes: number, 
/**
 * Pieces that are handed out, to tensors and to what kernels are told.
 */
n_pieces: number, };

/**
 * How wide the numbers are that a net's products read and write.
 */
export type Precision = "float32" | "float16";

/**
 * Answers in row order, as buffers: `codes` (positions in `classes`) and `probabilities` (row-major) for
 * classification; `values` for regression; `codes` and `distances` (from the centre) for clustering; `components`
 * (row-major) for projection; `codes` and `scores` (scikit-learn's `score_samples`: lower is odder) for anomaly
 * detection.
 */
export type PredictionMsg = { 
/**
 * Rows answered.
 */
n_rows: number, 
/**
 * What the codes are called; `null` for numbers.
 */
classes: Array<string> | null, 
/**
 * What was odd: missing and unseen values among it.
 */
issues: Array<IssueMsg>, };

/**
 * Fit a recipe on a whole table.
 */
export type PrepareMsg = { 
/**
 * The table's id.
 */
table: string, 
/**
 * The column to predict, kept out of the matrix.
 */
target?: string, 
/**
 * What the target is to be learned as, where steps learn from it; what its values suggest by default.
 */
task?: Task, 
/**
 * The columns to use; all but the target (and text) by default.
 */
features?: Array<string>, 
/**
 * The steps; a sensible recipe is built when absent.
 */
recipe?: Array<StepMsg>, };

/**
 * What a model would see. The matrix and the target come beside it as [`crate::Buffer`]s.
 */
export type PreparedMsg = { 
/**
 * The matrix' columns.
 */
feature_names: Array<string>, 
/**
 * The matrix' rows.
 */
n_rows: number, 
/**
 * The recipe, the built one when none was given.
 */
recipe: Array<StepMsg>, 
/**
 * Its steps after fitting.
 */
steps: Array<FittedStepMsg>, 
/**
 * The target of each row, when there is one.
 */
target: Array<JsonValue> | null, 
/**
 * What was odd.
 */
issues: Array<IssueMsg>, };

/**
 * Where the time of a net's step goes, on one device.
 */
export type ProfileMsg = { 
/**
 * The device that was timed.
 */
device: DeviceMsg, 
/**
 * Milliseconds of a batch, one after the other as in a fit; `null` where a fit has one batch only.
 */
step_ms: number | null, 
/**
 * The operations of a batch, in their order.
 */
ops: Array<OpTimeMsg>, };

/**
 * How far a job is.
 */
export type ProgressMsg = { 
/**
 * From 0 to 1, never falling.
 */
fraction: number, 
/**
 * The last finished epoch, iteration or tree level, for what is iterated; in a search the fits that are done.
 */
epoch: number | null, 
/**
 * How many there will be at most.
 */
n_epochs: number | null, 
/**
 * The loss on the training rows.
 */
train_loss: number | null, 
/**
 * The loss on the test rows.
 */
valid_loss: number | null, 
/**
 * In a search, the best mean score so far.
 */
best_score: number | null, 
/**
 * Estimated time to the end.
 */
eta_ms: number | null, 
/**
 * What is being done: `reading`, `preparing`, `fitting`, `paused`, `evaluating`, `searching`.
 */
message: string, 
/**
 * What the net is now, with `watch`.
 */
view?: ViewMsg, };

/**
 * What an imported project brought.
 */
export type ProjectMsg = { 
/**
 * Its tables.
 */
tables: Array<TableMsg>, 
/**
 * Its models.
 */
models: Array<ModelMsg>, };

/**
 * How two directions are found among many.
 */
export type ProjectionMethod = "pca";

/**
 * Two directions through the space of a model's features, from the mean of its rows.
 */
export type ProjectionMsg = { 
/**
 * The share of the rows' variance along each.
 */
shares: Array<number>, 
/**
 * Of each the features that weigh most, heaviest first.
 */
loadings: Array<Array<LoadingMsg>>, 
/**
 * Whether features were divided by their standard deviation: where the recipe does not scale, and units differ.
 */
is_standardised: boolean, 
/**
 * Training rows that the directions were found from.
 */
n_rows: number, };

/**
 * The trees that pruning makes, from the whole one to its root: one item per `ccp_alpha` that changes something.
 */
export type PruningPathMsg = { 
/**
 * The least `ccp_alpha` that gives each tree, ascending.
 */
ccp_alphas: Array<number>, 
/**
 * The impurity of its leaves, each weighed by its share of the rows.
 */
impurities: Array<number>, 
/**
 * Its leaves.
 */
n_leaves: Array<number>, 
/**
 * Questions on its longest way.
 */
depths: Array<number>, 
/**
 * Accuracy, or R², on the training rows.
 */
train_scores: Array<number | null>, 
/**
 * The same on the test rows.
 */
test_scores: Array<number | null>, 
/**
 * The position of the tree that the model is.
 */
chosen: number, 
/**
 * `accuracy` or `r2`.
 */
metric: string, };

/**
 * What a net's loss was at each learning rate, one batch at each, from 1e-6 up to 10 or to where it goes astray.
 */
export type RatesMsg = { 
/**
 * The rates, ascending.
 */
rates: Array<number>, 
/**
 * The loss on each batch, before it was learned from.
 */
losses: Array<number>, 
/**
 * The losses, smoothed.
 */
smoothed: Array<number>, 
/**
 * Where the smoothed loss has come half of its way down, and at most a tenth of the rate at which it is least; `null`
 * where it hardly falls.
 */
suggested: number | null, };

/**
 * A worker's first words.
 */
export type ReadyMsg = { 
/**
 * [`crate::PROTOCOL_VERSION`] as the worker was built.
 */
protocol: number, 
/**
 * [`crate::BUILD`] as the worker was built.
 */
build: string, 
/**
 * The version of Vitrine.
 */
version: string, 
/**
 * The device it works on.
 */
device: DeviceMsg, };

/**
 * What a model was made from; the same receipt on the same device gives the same model.
 */
export type ReceiptMsg = { 
/**
 * SHA-256 of the CSV's bytes.
 */
data_sha256: string, 
/**
 * SHA-256 of the checked request as canonical JSON, ids left out.
 */
spec_sha256: string, 
/**
 * The seed.
 */
seed: number, 
/**
 * The version of Vitrine.
 */
version: string, 
/**
 * Of a model that was made from another: `how` (`quantize`, `prune` or `import_weights`) with what was asked for, the
 * other's `model` and `spec_sha256`, and its own `made_from`.
 */
made_from?: Record<string, unknown>, };

/**
 * The requests, imperative.
 */
export type Request = { "type": "load_csv", 
/**
 * The name the table will have.
 */
id: string, 
/**
 * What not to sniff.
 */
options?: LoadOptionsMsg, } | { "type": "make_toy", 
/**
 * The name the table will have.
 */
id: string, 
/**
 * `circle`, `xor`, `gaussian`, `spiral`, `moons` or `spirals_3`.
 */
kind: string, 
/**
 * How many; 200 by default.
 */
n_rows?: number, 
/**
 * From 0 to 1, how far points stray; 0.1 by default.
 */
noise?: number, 
/**
 * Decides the rows; 0 by default.
 */
seed?: number, } | { "type": "read_table", 
/**
 * Which table.
 */
id: string, 
/**
 * First row.
 */
start: number, 
/**
 * One past the last row.
 */
end: number, 
/**
 * These rows instead, in this order; those the table does not have are left out.
 */
rows?: Array<number>, } | { "type": "prepare" } & PrepareMsg | { "type": "train", 
/**
 * The name the model will have.
 */
id: string, 
/**
 * The table's id.
 */
table: string, 
/**
 * The column to predict. Models that learn without one only leave it out of the features.
 */
target?: string, 
/**
 * The columns to learn from; all but the target (and text) by default.
 */
features?: Array<string>, 
/**
 * The column that says how much each row counts while it is learned from; it is no feature. Measures count every
 * row once.
 */
sample_weight?: string, 
/**
 * By default the target's kind decides.
 */
task?: Task, 
/**
 * The preparation; a sensible one for the model when absent.
 */
recipe?: Array<StepMsg>, 
/**
 * The model and its hyper-parameters.
 */
model: ModelSpecMsg, 
/**
 * How rows are held back.
 */
split?: SplitMsg, 
/**
 * Everything random is derived from it; 0 by default.
 */
seed?: number, 
/**
 * `auto`, `cpu` or `webgpu`; what the library was started with by default.
 */
device?: string, 
/**
 * Of nets on WebGPU: whether kernels do several operations at once (the default), or each does one.
 */
fusion?: boolean, 
/**
 * Of nets on WebGPU: how wide the numbers are; `float32` by default, and where 16 bits cannot be had.
 */
precision?: Precision, 
/**
 * What progress shows of the model while it is fitted, of models that can be watched: nets. It also lets epochs be
 * gone back to.
 */
watch?: WatchMsg, 
/**
 * Of a forest: grow only the trees from the first of these numbers to the second (left out), and answer with them.
 */
only_trees?: [number, number], 
/**
 * The payload is trees that were grown so, one part after the other; only those that are missing are grown.
 */
grown_trees?: boolean, 
/**
 * Make only these of the folds that `split.folds` asks for, and answer with what came of them.
 */
only_folds?: Array<number>, 
/**
 * What came of folds that were made elsewhere, as [`FitMsg`](crate::FitMsg)s: they are not made again.
 */
known?: FitMsg[], 
/**
 * Write a net down while it is fitted, every two seconds or less often: progress then brings a `checkpoint` (u8).
 */
checkpoints?: boolean, 
/**
 * The payload is such a checkpoint of the same fit, made on whatever device: go on from it.
 */
resume?: boolean, } | { "type": "test_rates" } & TrainMsg | { "type": "memory", } | { "type": "time_steps" } & TrainMsg | { "type": "profile_steps" } & TrainMsg | { "type": "search" } & SearchMsg | { "type": "quantize", 
/**
 * The name the new model will have.
 */
id: string, 
/**
 * The net.
 */
model: string, 
/**
 * Which weights share a scale: `per_tensor` (all of a layer), `per_channel` (those of an output) or `per_block`
 * (those of an output for 32 inputs; the default). Or `float16`: 16 bits each, and no scales.
 */
scheme?: string, } | { "type": "prune", 
/**
 * The name the new model will have.
 */
id: string, 
/**
 * The net.
 */
model: string, 
/**
 * Which share of all its weights is 0 then, from 0 to 1.
 */
sparsity: number, 
/**
 * For how many epochs it is fitted on, with its own parameters and on its own rows, each counting once; 10 by default.
 */
fine_tune_epochs?: number, 
/**
 * `auto`, `cpu` or `webgpu`.
 */
device?: string, } | { "type": "import_weights", 
/**
 * The name the new model will have.
 */
id: string, 
/**
 * The net, of the same shape.
 */
model: string, } | { "type": "predict", 
/**
 * Which model.
 */
id: string, 
/**
 * Rows as objects from column name to value.
 */
rows?: Array<Record<string, Cell>>, 
/**
 * A loaded table.
 */
table?: string, 
/**
 * Read the payload as CSV.
 */
csv?: boolean, 
/**
 * `rows` (the default), or `csv`: the rows with their answers, as the bytes of a CSV file in the buffer `csv`.
 */
output?: string, } | { "type": "evaluate", 
/**
 * Which model.
 */
id: string, 
/**
 * Which table.
 */
table: string, 
/**
 * Which of its rows: `all` (the default), or those `train` or `test` of the model's own table.
 */
rows: string | null, 
/**
 * How many resamples the intervals are made from: 1000 by default, at most 10,000, fewer where there are many
 * rows; 0 for no intervals.
 */
resamples?: number, 
/**
 * Decides the resamples and the points that are drawn; 0 by default.
 */
seed?: number, } | { "type": "explain", 
/**
 * Which model.
 */
id: string, 
/**
 * Which explanation.
 */
explain: ExplainMsg, } | { "type": "export", 
/**
 * Which model.
 */
id: string, 
/**
 * In which format.
 */
format: ExportFormat, 
/**
 * Whether the project carries its table too.
 */
include_data?: boolean, } | { "type": "import_project", 
/**
 * Put before the ids of what is imported when those ids are taken.
 */
prefix?: string, } | { "type": "release", 
/**
 * Which one.
 */
id: string, } | { "type": "cancel", 
/**
 * Which job.
 */
target: number, } | { "type": "control", 
/**
 * Which job.
 */
target: number, 
/**
 * How it goes on.
 */
action: ControlAction, } | { "type": "describe", };

/**
 * One message to a worker.
 *
 * Bulk input (the bytes of a file) is not in it: it is posted beside it as the *payload*, a `Blob`.
 */
export type RequestMsg = { 
/**
 * The job this request starts.
 */
job: number, 
/**
 * What to do.
 */
request: Request, };

/**
 * A round of a search.
 */
export type RoundMsg = { 
/**
 * How many candidates took part.
 */
n_candidates: number, 
/**
 * How many rows were used, training and held-back ones together.
 */
n_rows: number, };

/**
 * Rows of a table: numbers as numbers, booleans as booleans, missing cells as `null`, times as ISO 8601 text.
 *
 * Cells travel as lists and not as objects, so that a column called `__proto__` is a column like any other.
 */
export type RowsMsg = { 
/**
 * The first row read.
 */
start: number, 
/**
 * The columns' names, in order.
 */
columns: Array<string>, 
/**
 * One list per row, one cell per column.
 */
cells: Array<Array<JsonValue>>, };

/**
 * Which candidates to fit on which folds.
 *
 * One model without a space is cross-validated; with a space its parameters are searched; several models are compared.
 */
export type SearchMsg = { 
/**
 * The table's id.
 */
table: string, 
/**
 * The column to predict.
 */
target: string, 
/**
 * The columns to learn from; all but the target (and text) by default.
 */
features?: Array<string>, 
/**
 * By default the target's kind decides.
 */
task?: Task, 
/**
 * A column that says how much each row counts, as `train` takes it. Each fit learns from its fold's rows by their
 * weights; measures count every held-back row once, as scikit-learn's `cross_validate` does.
 */
sample_weight?: string, 
/**
 * The preparation, learned anew in each fold; a sensible one for each model when absent.
 */
recipe?: Array<StepMsg>, 
/**
 * The models, each with the parameters that are not varied.
 */
models: Array<ModelSpecMsg>, 
/**
 * What to vary, for a single model: a list of values by parameter, or for a number `{ low, high, log? }`.
 */
space: Record<string, unknown[] | { low: number; high: number; log?: boolean }>, 
/**
 * `grid`, `random` or `halving`; `grid` by default, `random` where the space has a range.
 */
method?: string, 
/**
 * How many candidates are drawn; 10 by default. For `random`, and for `halving` unless every combination begins.
 */
n_candidates?: number, 
/**
 * The folds. With `folds` they are made of the training rows, and nothing is held back by default; without, the
 * candidates are measured on the one test part.
 */
split?: SplitMsg, 
/**
 * The measure to go by: `accuracy` by default for classes, `r2` for numbers.
 */
scoring?: string, 
/**
 * Everything random is derived from it; 0 by default.
 */
seed?: number, 
/**
 * What came of fits that were made elsewhere, as [`FitMsg`]s: they are not made again.
 */
known?: FitMsg[], 
/**
 * Make only these fits, each `[round, candidate, fold]`; with an empty list say which can be made next.
 */
only?: Array<[number, number, number]>, 
/**
 * Begin no fit after this time; what was made by then and what can be made next comes back, unless all was made.
 */
within_ms?: number, };

/**
 * What came of a search.
 */
export type SearchedMsg = { 
/**
 * The measure that was gone by.
 */
scoring: string, 
/**
 * Whether less of it is better.
 */
smaller_is_better: boolean, 
/**
 * How many folds; 1 where the candidates were measured on one test part.
 */
n_folds: number, 
/**
 * How many fits were made.
 */
n_fits: number, 
/**
 * The rounds: one, or those of halving.
 */
rounds: Array<RoundMsg>, 
/**
 * The candidates, in the order in which they were listed or drawn.
 */
candidates: Array<CandidateMsg>, 
/**
 * The position of the best one; `null` when all failed.
 */
best: number | null, 
/**
 * What was odd.
 */
issues: Array<IssueMsg>, };

/**
 * A line, or a cloud of points.
 */
export type SeriesMsg = { 
/**
 * The class as a position in `classes`; `null` for regression.
 */
class: number | null, 
/**
 * The area under it: ROC-AUC, or average precision.
 */
area: number | null, 
/**
 * Across; empty where the curve is not defined.
 */
x: Array<number>, 
/**
 * Upwards.
 */
y: Array<number>, 
/**
 * Of points, the table's row of each.
 */
rows: Array<number>, 
/**
 * Of a calibration curve, of clusters and of scores, how many rows each has.
 */
n_rows: Array<number>, };

/**
 * How rows are held back for testing.
 */
export type SplitMsg = { 
/**
 * The fraction held back, 0.25 by default (0 for what is learned without a target); 0 trains on every row and `metrics.test` is `null`.
 */
test_fraction?: number, 
/**
 * Keep the classes' proportions in both parts; the default for classification.
 */
stratify?: boolean, 
/**
 * Train on every row and test on this other table.
 */
test_table?: string, 
/**
 * Besides, measure on this many folds of the training rows, each learning its own recipe; at least 2.
 */
folds?: number, 
/**
 * How rows are dealt to folds: `stratified` (the default for classes), `k_fold` or `time_ordered`.
 */
fold_kind?: string, 
/**
 * Whether they are dealt in a random order; not by default, as in scikit-learn.
 */
shuffle?: boolean, };

/**
 * A measure over folds.
 */
export type SpreadMsg = { 
/**
 * The mean; `null` when a fold has none.
 */
mean: number | null, 
/**
 * The standard deviation, dividing by the number of folds.
 */
std: number | null, 
/**
 * Fold by fold.
 */
folds: Array<number | null>, };

/**
 * The columns a step works on: names, or `numeric`, `categorical`, `datetime`, `all`.
 */
export type StepColumns = string | Array<string>;

/**
 * A preparation step.
 */
export type StepDocMsg = { 
/**
 * Its name in requests.
 */
step: string, 
/**
 * The steps it is listed among; those of one group follow each other.
 */
group: TextMsg, 
/**
 * Its name for people.
 */
title: TextMsg, 
/**
 * What it does.
 */
summary: TextMsg, 
/**
 * The columns it works on by default.
 */
columns: string, 
/**
 * Its settings.
 */
params: Array<ParamDocMsg>, };

/**
 * How long a training step took on each device that was tried.
 */
export type StepMillisMsg = { 
/**
 * On the CPU.
 */
cpu: number, 
/**
 * On WebGPU.
 */
webgpu: number, };

/**
 * What one step of a recipe asks for.
 */
export type StepMsg = { "step": "drop_missing", 
/**
 * The cells that count; `all` by default.
 */
columns?: StepColumns, } | { "step": "drop_columns", 
/**
 * Which.
 */
columns: StepColumns, } | { "step": "impute", 
/**
 * Where; `all` by default.
 */
columns?: StepColumns, 
/**
 * `mean`, `median`, `most_frequent`, `constant`, `forward_fill` or `linear`; the last two go along the rows.
 * Categories take `most_frequent` where a mean has no meaning, and `forward_fill` for `linear`.
 */
strategy: string, 
/**
 * The value of `constant`.
 */
fill_value?: JsonValue, } | { "step": "scale", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * `min_max`, `standard`, `robust` or `max_abs`.
 */
method: string, } | { "step": "encode", 
/**
 * Where; `categorical` by default.
 */
columns?: StepColumns, 
/**
 * `one_hot`, `ordinal` or `label`.
 */
method: string, 
/**
 * What an unseen category does: `ignore` (the default) or `error`.
 */
handle_unknown?: string, } | { "step": "clip", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * `quantile` (the default), `iqr` or `z_score`.
 */
method?: string, 
/**
 * Of `quantile`: between 0 and 1; 0.01 by default.
 */
lower_quantile?: number, 
/**
 * Of `quantile`: between 0 and 1, above the lower one; 0.99 by default.
 */
upper_quantile?: number, 
/**
 * So many interquartile ranges from the quartiles (1.5), or standard deviations from the mean (3).
 */
factor?: number, } | { "step": "log1p", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, } | { "step": "polynomial", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * 2 or 3.
 */
degree: number, 
/**
 * Leave out powers of a single column.
 */
interaction_only?: boolean, } | { "step": "smooth", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * `moving_average` or `exponential`.
 */
method: string, 
/**
 * Of `moving_average`: rows that are averaged, the row itself included; 3 by default.
 */
window?: number, 
/**
 * Of `exponential`: above 0, at most 1; 0.5 by default.
 */
alpha?: number, } | { "step": "lags", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * Rows in the window, the row itself included; 5 by default.
 */
n_steps?: number, 
/**
 * How many rows before its own a row's window ends, to predict so far ahead; 0 by default.
 */
horizon?: number, } | { "step": "datetime_parts", 
/**
 * Where; `datetime` by default.
 */
columns?: StepColumns, 
/**
 * The year.
 */
year?: boolean, 
/**
 * 1 to 4.
 */
quarter?: boolean, 
/**
 * 1 to 12.
 */
month?: boolean, 
/**
 * The day of the month.
 */
day?: boolean, 
/**
 * 0 is Monday.
 */
weekday?: boolean, 
/**
 * From 1.
 */
day_of_year?: boolean, 
/**
 * 0 to 23, UTC.
 */
hour?: boolean, 
/**
 * 0 to 59.
 */
minute?: boolean, 
/**
 * Days since the earliest training row.
 */
elapsed_days?: boolean, 
/**
 * Sine and cosine instead of numbers that begin again.
 */
cyclic?: boolean, } | { "step": "group_rare", 
/**
 * Where; `categorical` by default.
 */
columns?: StepColumns, 
/**
 * Below 1 a share of the rows, otherwise a number of rows.
 */
min_frequency: number, } | { "step": "target_encode", 
/**
 * Where; `categorical` by default.
 */
columns?: StepColumns, 
/**
 * `auto` (the default) or a number of rows that pull to the mean of all.
 */
smooth?: JsonValue, 
/**
 * Parts the training rows are cut into; 5 by default.
 */
cv?: number, 
/**
 * Whether the parts are drawn (the default) or cut in the order of the rows.
 */
shuffle?: boolean, 
/**
 * Draws them; 0 by default.
 */
random_state?: number, } | { "step": "bin", 
/**
 * Where; `numeric` by default.
 */
columns?: StepColumns, 
/**
 * At least 2; 5 by default.
 */
n_bins?: number, 
/**
 * `quantile` (the default) or `uniform`.
 */
strategy?: string, } | { "step": "select_features", 
/**
 * Among which; `all` by default.
 */
columns?: StepColumns, 
/**
 * `variance`, `mutual_information` or `f_test`.
 */
method: string, 
/**
 * Of `variance`: features that vary no more are dropped; 0 by default.
 */
threshold?: number, 
/**
 * Of the others: how many are kept; 10 by default.
 */
k?: number, };

/**
 * What a model consists of.
 */
export type StructureMsg = { 
/**
 * The nodes, root first, each before its children.
 */
nodes: Array<TreeNodeMsg>, } | { 
/**
 * How many.
 */
n_trees: number, 
/**
 * How many nodes each has.
 */
n_nodes: Array<number>, 
/**
 * How much of what the splits gained was gained by each feature, as shares; none where it is not known.
 */
importances: Array<number> | null, 
/**
 * Whether the trees' values are added up (boosting: round by round, and in a round class by class where there
 * are more than two) and not averaged.
 */
is_sum: boolean, } | CoefficientsMsg | { 
/**
 * One list per cluster, one number per feature of the matrix.
 */
centers: Array<Array<number>>, 
/**
 * Training rows in each.
 */
sizes: Array<number>, } | { 
/**
 * One list per component, one number per feature of the matrix.
 */
components: Array<Array<number>>, 
/**
 * The mean of each feature.
 */
mean: Array<number>, 
/**
 * The variance of each component's values.
 */
explained_variance: Array<number>, 
/**
 * Its share of the variance of all features.
 */
explained_variance_ratio: Array<number>, 
/**
 * The length of each component's values.
 */
singular_values: Array<number>, } | { 
/**
 * Its layers, the last being the outputs.
 */
layers: Array<LayerMsg>, 
/**
 * Numbers that were learned.
 */
n_parameters: number, 
/**
 * What the last layer's sums become: `logistic`, `softmax` or, of numbers, `identity`.
 */
output_activation: string, 
/**
 * Of numbers, the mean and the deviation that answers are put back with: `mean + deviation · output`.
 */
target_scale: [number, number] | null, 
/**
 * How a file holds its weights: `float32`, `float16` (which hold each as it is), `int8` (with scales), or where
 * more than half are 0 the same with `sparse_` before.
 */
storage: string, 
/**
 * Of `int8`, which weights share a scale: `per_tensor`, `per_channel` or `per_block`.
 */
scheme: string | null, 
/**
 * What turns a row into what the first layer reads; `null` where that reads the features themselves.
 */
front: FrontMsg | null, } | Record<symbol, never>;

/**
 * A loaded table.
 */
export type TableMsg = { 
/**
 * What requests call it.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * Rows, the header not among them.
 */
n_rows: number, 
/**
 * The cell separator that was used.
 */
delimiter: string, 
/**
 * The quote that was used; empty for none.
 */
quote: string, 
/**
 * The decimal mark that was used.
 */
decimal: string, 
/**
 * Whether the first record named the columns.
 */
has_header: boolean, 
/**
 * The text encoding that was used.
 */
encoding: Encoding, 
/**
 * Bytes of the source.
 */
size_bytes: number, 
/**
 * Bytes the typed columns take.
 */
memory_bytes: number, 
/**
 * Wall time of the reading.
 */
load_ms: number, 
/**
 * The columns with their profiles.
 */
columns: Array<ColumnMsg>, 
/**
 * What was odd.
 */
issues: Array<IssueMsg>, };

/**
 * What is to be learned.
 */
export type Task = "classification" | "regression" | "clustering" | "projection" | "anomaly_detection";

/**
 * One tensor of a net.
 */
export type TensorMsg = { 
/**
 * As in a safetensors file of the net: `layers.0.weight`.
 */
name: string, 
/**
 * As there.
 */
shape: Array<number>, 
/**
 * Its bytes in memory: four a number, and of weights of eight bits their codes and scales too.
 */
bytes: number, };

/**
 * What one feature adds to a linear model's answer.
 */
export type TermMsg = { 
/**
 * The feature, or `intercept`.
 */
feature_name: string, 
/**
 * Its value as the model sees it.
 */
value: number, 
/**
 * Its coefficient, for the class that was predicted.
 */
coefficient: number, 
/**
 * The product.
 */
contribution: number, };

/**
 * A text in both languages of the interface.
 */
export type TextMsg = { 
/**
 * English.
 */
en: string, 
/**
 * Simplified Chinese.
 */
zh: string, };

/**
 * A value and how often it occurs.
 */
export type TopValueMsg = { 
/**
 * The value as text.
 */
value: string, 
/**
 * Its cells.
 */
count: number, };

/**
 * What to train.
 */
export type TrainMsg = { 
/**
 * The table's id.
 */
table: string, 
/**
 * The column to predict. Models that learn without one only leave it out of the features.
 */
target?: string, 
/**
 * The columns to learn from; all but the target (and text) by default.
 */
features?: Array<string>, 
/**
 * The column that says how much each row counts while it is learned from; it is no feature. Measures count every
 * row once.
 */
sample_weight?: string, 
/**
 * By default the target's kind decides.
 */
task?: Task, 
/**
 * The preparation; a sensible one for the model when absent.
 */
recipe?: Array<StepMsg>, 
/**
 * The model and its hyper-parameters.
 */
model: ModelSpecMsg, 
/**
 * How rows are held back.
 */
split?: SplitMsg, 
/**
 * Everything random is derived from it; 0 by default.
 */
seed?: number, 
/**
 * `auto`, `cpu` or `webgpu`; what the library was started with by default.
 */
device?: string, 
/**
 * Of nets on WebGPU: whether kernels do several operations at once (the default), or each does one.
 */
fusion?: boolean, 
/**
 * Of nets on WebGPU: how wide the numbers are; `float32` by default, and where 16 bits cannot be had.
 */
precision?: Precision, 
/**
 * What progress shows of the model while it is fitted, of models that can be watched: nets. It also lets epochs be
 * gone back to.
 */
watch?: WatchMsg, 
/**
 * Of a forest: grow only the trees from the first of these numbers to the second (left out), and answer with them.
 */
only_trees?: [number, number], 
/**
 * The payload is trees that were grown so, one part after the other; only those that are missing are grown.
 */
grown_trees?: boolean, 
/**
 * Make only these of the folds that `split.folds` asks for, and answer with what came of them.
 */
only_folds?: Array<number>, 
/**
 * What came of folds that were made elsewhere, as [`FitMsg`](crate::FitMsg)s: they are not made again.
 */
known?: FitMsg[], 
/**
 * Write a net down while it is fitted, every two seconds or less often: progress then brings a `checkpoint` (u8).
 */
checkpoints?: boolean, 
/**
 * The payload is such a checkpoint of the same fit, made on whatever device: go on from it.
 */
resume?: boolean, };

/**
 * One tree of a model that has many.
 */
export type TreeMsg = { 
/**
 * Its position, from 0.
 */
index: number, 
/**
 * The nodes, root first, each before its children.
 */
nodes: Array<TreeNodeMsg>, };

/**
 * A node of a tree; a leaf has no children, feature or threshold.
 */
export type TreeNodeMsg = { 
/**
 * Its position in `nodes`.
 */
id: number, 
/**
 * The node above.
 */
parent: number | null, 
/**
 * Where `value <= threshold` goes, and every known value where there is no threshold.
 */
left: number | null, 
/**
 * Where the rest goes.
 */
right: number | null, 
/**
 * The feature asked, its position in `feature_names`.
 */
feature: number | null, 
/**
 * The feature asked, by name.
 */
feature_name: string | null, 
/**
 * In the raw column's units; none where it asks for categories, or only whether the value is missing.
 */
threshold: number | null, 
/**
 * The categories that go left, where it asks for some.
 */
categories?: Array<string>, 
/**
 * Whether a missing value goes left; none at a leaf.
 */
missing_go_to_left: boolean | null, 
/**
 * Training rows that reach it.
 */
n_samples: number, 
/**
 * What these count together: their weights added up, or their number.
 */
weighted_n_samples: number, 
/**
 * Gini or entropy (in bits) or variance of the target here.
 */
impurity: number, 
/**
 * Classification: the share of each class here. Regression: the mean, alone.
 */
value: Array<number>, };

/**
 * What a net answers while it is fitted: for up to 500 rows that are learned from and as many that were held back, evenly
 * spread over all.
 */
export type ViewMeasuresMsg = { 
/**
 * `accuracy`, or `r2` for numbers.
 */
measure: string, 
/**
 * On rows that are learned from; `null` where it is not defined.
 */
train: number | null, 
/**
 * On rows that were held back.
 */
valid: number | null, 
/**
 * Rows by their class, columns by the class answered: of the rows held back, or else of those learned from.
 */
confusion: Array<Array<number>> | null, };

/**
 * A net while it is fitted. Buffers beside it: `weights` (f32: of each layer its weights, `n_inputs × n_outputs`
 * row-major, then its intercepts) where they were asked for, those of the boundary, and `units`: of each hidden unit, layer
 * after layer, what it makes of each point of the boundary, as bytes. 128 is 0, and the largest size is 1 or 255.
 */
export type ViewMsg = { 
/**
 * Epochs that are over.
 */
epoch: number, 
/**
 * Batches that are done, of all epochs.
 */
n_batches: number, 
/**
 * Its layers, the last being the outputs.
 */
layers: Array<LayerViewMsg>, 
/**
 * The grid it is asked over, where one was asked for.
 */
boundary: BoundaryMsg | null, 
/**
 * What it answers for rows, where that was asked for.
 */
measures: ViewMeasuresMsg | null, 
/**
 * What it takes of memory.
 */
memory: FitMemoryMsg, };

/**
 * What each tree of a model says about one row.
 */
export type VotesMsg = { 
/**
 * One per tree: the position of the class it gives the largest share, the number it says, or, where the trees are
 * added up, what it adds.
 */
votes: Array<number>, 
/**
 * How many trees say each class, in the order of the model's classes; `null` where trees say numbers.
 */
n_by_class: Array<number> | null, };

/**
 * Two columns, the others at their medians (or most frequent categories), or two directions.
 */
export type WatchBoundaryMsg = { 
/**
 * The column across.
 */
x?: string, 
/**
 * The column upwards.
 */
y?: string, 
/**
 * Directions instead of columns.
 */
projection?: ProjectionMethod, 
/**
 * Grid points each way; 40 by default.
 */
resolution?: number, };

/**
 * What to show of a net while it is fitted, at most ten times a second.
 */
export type WatchMsg = { 
/**
 * What it answers over a plane.
 */
boundary?: WatchBoundaryMsg, 
/**
 * Its weights.
 */
weights?: boolean, 
/**
 * What each hidden unit makes of the points of the boundary; of nets of up to 64 hidden units.
 */
units?: boolean, 
/**
 * What it answers for rows that were learned from, and for rows that were held back.
 */
measures?: boolean, };
