//! `www/vitrine.d.ts`: the declarations of the messages, read off these structs, and of the class that speaks them.
//!
//! The file is generated, never edited: `cargo run --package vitrine-protocol --features types --example types`
//! prints it, and a test compares it with the one checked in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::{ColumnKind, Event, EventMsg, FitMsg, LoadOptionsMsg, RequestMsg, TrainMsg};

/// A method of the class `Vitrine`.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What stands after the name: parameters and result.
    pub signature: &'static str,
    /// What it does, in a line.
    pub short: &'static str,
}

const fn method(name: &'static str, signature: &'static str, short: &'static str) -> Method {
    Method { name, signature, short }
}

/// The public methods of `Vitrine`, in the order of `www/vitrine.js`.
pub const METHODS: &[Method] = &[
    method(
        "start",
        "(options?: StartOptions): Promise<Vitrine>",
        "Starts the worker, and the GPU worker when asked for.",
    ),
    method(
        "loadCsv",
        "(source: Source, options?: LoadOptionsMsg & Calling): Promise<TableMsg>",
        "Reads a CSV into a table.",
    ),
    method(
        "loadImages",
        "(files: Iterable<File>, options?: ImageOptions & { name?: string }): Promise<TableMsg>",
        "Reads image files into a table of labels and pixels.",
    ),
    method(
        "imagesToCsv",
        "(files: Iterable<File>, options?: ImageOptions): Promise<{ csv: Blob; refused: string[] }>",
        "Image files as the CSV that loadImages reads.",
    ),
    method(
        "makeToy",
        "(request: { kind: string; n_rows?: number; noise?: number; seed?: number }, calling?: Calling): Promise<TableMsg>",
        "Makes up a table with the columns `x`, `y` and `class`: `circle`, `xor`, `gaussian`, `spiral`, `moons` or `spirals_3`.",
    ),
    method(
        "readTable",
        "(id: string, options?: { start?: number; end?: number; rows?: ArrayLike<number> }): Promise<{ rows: Row[] }>",
        "Reads rows `start` to `end` (left out), the first 50 by default, or the rows named.",
    ),
    method(
        "prepare",
        "(request: PrepareMsg, calling?: Calling): Promise<PreparedMsg & { matrix: Float64Array }>",
        "Fits a recipe on a whole table and shows the matrix a model would see, row-major.",
    ),
    method(
        "train",
        "(request: Omit<TrainMsg, \"only_trees\" | \"grown_trees\" | \"only_folds\" | \"known\" | \"checkpoints\" | \"resume\"> & { id?: string }, calling?: Calling & { controls?: Partial<Controls> }): Promise<ModelMsg & { split: Split }>",
        "Splits, prepares, fits and measures. `controls` is given the methods that steer the fit.",
    ),
    method(
        "learningRateTest",
        "(request: Omit<TrainMsg, \"only_trees\" | \"grown_trees\" | \"only_folds\" | \"known\" | \"checkpoints\" | \"resume\" | \"watch\">, calling?: Calling): Promise<RatesMsg>",
        "Tries learning rates of a net out, one batch at each, and suggests one.",
    ),
    method(
        "profile",
        "(request: Omit<TrainMsg, \"only_trees\" | \"grown_trees\" | \"only_folds\" | \"known\" | \"watch\">, calling?: Calling): Promise<ProfileMsg>",
        "Times a net's step and each of its operations on one device.",
    ),
    method(
        "memory",
        "(): Promise<{ workers: ({ worker: string } & MemoryMsg)[] }>",
        "What takes memory in each worker that runs.",
    ),
    method(
        "crossValidate",
        "(request: CrossValidation, calling?: Calling): Promise<CrossValidated>",
        "Measures a model on folds, each learning its own recipe.",
    ),
    method(
        "search",
        "(request: Search, calling?: Calling): Promise<SearchedMsg>",
        "Searches parameters of a model; `candidates[best].model` is what `train` takes.",
    ),
    method(
        "compare",
        "(request: Comparison, calling?: Calling): Promise<SearchedMsg>",
        "Ranks models on the same folds, or with a `split` and no `folds` on the same test rows.",
    ),
    method(
        "predict",
        "(id: string, what: Rows, calling?: Calling): Promise<Prediction>",
        "Answers rows, a table or a CSV, in row order.",
    ),
    method(
        "evaluate",
        "(id: string, request: { table: string; rows?: \"all\" | \"train\" | \"test\"; resamples?: number; seed?: number }, calling?: Calling): Promise<EvaluationMsg & { rows: Uint32Array }>",
        "Measures a model on a table, or on the rows of its own that it learned from or that were held back; `rows` are those measured, cell after cell of the confusion matrix.",
    ),
    method(
        "explain",
        "<E extends ExplainMsg>(id: string, explain: E, calling?: Calling): Promise<Explanation<E>>",
        "Says why a model answers as it does.",
    ),
    method(
        "quantize",
        "(request: { model: string; scheme?: \"per_tensor\" | \"per_channel\" | \"per_block\" | \"float16\"; id?: string }, calling?: Calling): Promise<Made>",
        "Rounds a net's weights to eight bits; resolves with the new model, and with both beside each other.",
    ),
    method(
        "prune",
        "(request: { model: string; sparsity: number; fine_tune_epochs?: number; device?: string; id?: string }, calling?: Calling): Promise<Made>",
        "Sets the smallest of a net's weights to 0 and fits the others on.",
    ),
    method(
        "importWeights",
        "(bytes: Source, request: { model: string; id?: string }, calling?: Calling): Promise<Made>",
        "Puts the weights of a safetensors file in the place of a net's own.",
    ),
    method(
        "exportModel",
        "(id: string, format?: ExportFormat, options?: { include_data?: boolean }): Promise<Uint8Array>",
        "A model as the bytes of a file.",
    ),
    method("importProject", "(bytes: Source, calling?: Calling): Promise<ProjectMsg>", "Reads a project file."),
    method("release", "(id: string): Promise<void>", "Frees a table or a model."),
    method("describe", "(): Promise<CatalogMsg>", "What there is: models, steps, parameters and error codes."),
    method("close", "(): void", "Ends the workers."),
    method(
        "request",
        "(request: Request, calling?: Calling & { payload?: Source | null; controls?: Partial<Controls> }): Promise<Answer>",
        "One request of the protocol; resolves with its terminal event and its buffers.",
    ),
];

/// What the class takes and gives beside the messages.
const CLASS_TYPES: &str = r#"
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
"#;

const CLASS_START: &str = r#"
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
"#;

/// The text of `www/vitrine.d.ts`.
pub fn declarations() -> String {
    let mut text =
        "// Generated from protocol/src by `cargo run --package vitrine-protocol --features types --example types`.\n\
                    // A test holds it to the messages; do not edit.\n"
            .to_owned();
    let mut messages = Messages { config: Config::new().with_large_int("number"), by_name: BTreeMap::new() };
    messages.visit::<RequestMsg>();
    // Named by hand in `ts(type = …)`, which ts-rs does not follow.
    messages.visit::<LoadOptionsMsg>();
    messages.visit::<ColumnKind>();
    messages.visit::<FitMsg>();
    // Flattened into its request, but a type of its own for `train`.
    messages.visit::<TrainMsg>();
    messages.visit::<EventMsg>();
    messages.visit::<Event>();
    text.push_str(CLASS_TYPES);
    text.push_str(CLASS_START);
    for method in METHODS {
        let is_static = if ["start", "imagesToCsv"].contains(&method.name) { "static " } else { "" };
        writeln!(text, "  /** {} */\n  {is_static}{}{};", method.short, method.name, method.signature)
            .expect("writing to a String does not fail");
    }
    text.push_str("}\n\n// The messages.\n");
    text.extend(messages.by_name.into_values());
    text
}

/// Collects each type once. In the order of their names: ts-rs visits a type's generics in an order of its own, which
/// differs from one checkout to another.
struct Messages {
    config: Config,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Messages {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Numbers, lists and the like have no file of their own, but may be made of what has.
        if T::output_path().is_none() {
            T::visit_generics(self);
            return;
        }
        let name = T::ident(&self.config);
        if self.by_name.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.by_name.insert(name, format!("\n{docs}export {}\n", T::decl(&self.config)));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}
