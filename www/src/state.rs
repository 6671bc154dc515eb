//! What the page knows: one [`App`] of signals, shared by every view.
//!
//! What is selected in one view is selected in all, because there is one signal for it. Numbers come from the
//! engine's messages and are kept as they came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leptos::prelude::*;
use vitrine_protocol::{
    ActivationsMsg, BothMetricsMsg, BoundaryMsg, CatalogMsg, DecisionPathMsg, DeviceMsg, ErrorMsg, EvaluationMsg,
    LoadOptionsMsg, MadeMsg, MeasureDocMsg, MetricsMsg, ModelMsg, PreparedMsg, ProfileMsg, ProgressMsg,
    ProjectionMethod, RatesMsg, RowsMsg, SearchedMsg, StepMsg, TableMsg, Task, TreeMsg, ViewMsg, VotesMsg,
};

use crate::charts::Palette;
use crate::client::Buffers;
pub(crate) use crate::stage::{Stage, Theme};
use crate::text::{Lang, Texts, fill};

/// What a foreground job is about; one runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Reading a CSV.
    Load,
    /// Training.
    Train,
    /// Comparing or searching.
    Search,
    /// Trying learning rates out.
    Rates,
    /// Timing the operations of a net's step.
    Profile,
    /// Making a net smaller.
    Smaller,
    /// Answering a file.
    Predict,
    /// Writing or reading a project.
    Project,
}

/// What the stage Train is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One model.
    Train,
    /// Several models on the same folds.
    Compare,
    /// One model with several values of its parameters.
    Search,
}

/// Where the time of a net's step went on one device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profiled {
    pub(crate) profile: ProfileMsg,
    /// Whether kernels did several operations at once.
    pub(crate) is_fused: bool,
}

/// A net with numbers of 32 bits, and with 16 where they can be had: where a step's time went, and how good it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Halves {
    pub(crate) sides: Vec<(ProfileMsg, BothMetricsMsg)>,
}

/// A job under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    /// What it is about.
    pub(crate) kind: JobKind,
    /// How far it is.
    pub(crate) progress: ProgressMsg,
}

/// Something to tell, until it is dismissed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// Distinguishes it from the others.
    pub(crate) id: usize,
    /// What it says.
    pub(crate) what: NoticeKind,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoticeKind {
    /// A request could not be carried out.
    Error(Box<ErrorMsg>),
    /// The engine was restarted.
    Restored,
    /// A job was stopped by the person.
    Cancelled,
}

/// A sample that ships with the page.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub(crate) struct Sample {
    pub(crate) file: String,
    pub(crate) title: vitrine_protocol::TextMsg,
    pub(crate) description: vitrine_protocol::TextMsg,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) target: String,
    pub(crate) source: String,
    pub(crate) licence: String,
    pub(crate) licence_url: String,
}

/// A point of the loss curve: epoch, training loss, test loss.
pub(crate) type LossPoint = (usize, f64, Option<f64>);

/// A fitted model and the rows of its split.
#[derive(Debug, PartialEq)]
pub(crate) struct Trained {
    /// As the engine described it.
    pub(crate) model: ModelMsg,
    /// The table's rows held back, sorted.
    pub(crate) test_rows: Vec<u32>,
}

/// What a plane is of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Axes {
    /// The column across, and the one upwards.
    Columns(String, String),
    /// The directions in which rows differ most.
    Projection,
}

impl Axes {
    /// How it is asked for: x, y and a projection.
    pub(crate) fn asked(&self) -> (Option<String>, Option<String>, Option<ProjectionMethod>) {
        match self {
            Self::Columns(x, y) => (Some(x.clone()), Some(y.clone()), None),
            Self::Projection => (None, None, Some(ProjectionMethod::Pca)),
        }
    }
}

/// A boundary with its bulk numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct Boundary {
    /// The grid.
    pub(crate) grid: BoundaryMsg,
    /// Answered class by point (classification).
    pub(crate) codes: Vec<f64>,
    /// Its probability by point.
    pub(crate) probabilities: Vec<f64>,
    /// Answered value by point (regression).
    pub(crate) values: Vec<f64>,
    /// Where the first rows of the table are on a projection, across and upwards in turn.
    pub(crate) points: Vec<f64>,
    /// What each hidden unit of a net makes of each point, from 1 to 255 around 128; of small nets only.
    pub(crate) units: Vec<f64>,
}

impl Boundary {
    /// The grid with the answers that came beside it.
    pub(crate) fn read(grid: BoundaryMsg, answers: &Buffers) -> Self {
        let numbers = |name: &str| answers.numbers(name).unwrap_or_default();
        let [codes, probabilities, values] = ["codes", "probabilities", "values"].map(numbers);
        let [points, units] = ["points", "units"].map(numbers);
        Self { grid, codes, probabilities, values, points, units }
    }
}

/// What a convolutional net sees in a row.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// The sizes of what each block answers.
    pub(crate) sizes: ActivationsMsg,
    /// The image as the model is given it.
    pub(crate) image: Vec<f64>,
    /// What the filters answer, block after block.
    pub(crate) maps: Vec<f64>,
}

/// A net while it is fitted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live {
    /// How far it is, and how its layers are.
    pub(crate) view: ViewMsg,
    /// Of each layer its weights and its biases.
    pub(crate) weights: Vec<(Vec<f64>, Vec<f64>)>,
    /// What it answers over two columns.
    pub(crate) boundary: Option<Arc<Boundary>>,
}

/// Everything the page knows.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) lang: RwSignal<Lang>,
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) palette: RwSignal<Palette>,
    pub(crate) stage: RwSignal<Stage>,
    /// The device that answers; none until the worker is ready.
    pub(crate) device: RwSignal<Option<DeviceMsg>>,
    pub(crate) online: RwSignal<bool>,
    pub(crate) catalog: RwSignal<Option<Arc<CatalogMsg>>>,
    pub(crate) samples: RwSignal<Vec<Sample>>,
    pub(crate) job: RwSignal<Option<Job>>,
    pub(crate) notices: RwSignal<Vec<Notice>>,
    /// Said to screen readers.
    pub(crate) announcement: RwSignal<String>,
    pub(crate) data: DataState,
    pub(crate) plan: PlanState,
    pub(crate) result: ResultState,
}

/// The table.
#[derive(Clone, Copy)]
pub(crate) struct DataState {
    pub(crate) table: RwSignal<Option<Arc<TableMsg>>>,
    /// What was asked for when it was read; edited chips read it again.
    pub(crate) options: RwSignal<LoadOptionsMsg>,
    /// The sample's file, when it is one.
    pub(crate) sample: RwSignal<Option<String>>,
    /// Whether its source is here, to be read again with other options.
    pub(crate) can_be_read_again: RwSignal<bool>,
    /// Whether the choice of data is shown although there is a table.
    pub(crate) choosing: RwSignal<bool>,
    /// The selected row of the table, everywhere.
    pub(crate) selected_row: RwSignal<Option<usize>>,
}

/// A person's recipe, or none for the engine's own.
pub(crate) type Recipe = Option<Vec<StepMsg>>;

/// Recipes that were left: by changes, and by undoing changes. The last of each is the nearest.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) done: Vec<Recipe>,
    pub(crate) undone: Vec<Recipe>,
}

/// What is to be trained.
#[derive(Clone, Copy)]
pub(crate) struct PlanState {
    pub(crate) target: RwSignal<Option<String>>,
    /// Columns left out of the features; text columns are left out unless put back.
    pub(crate) left_out: RwSignal<BTreeSet<String>>,
    /// Whether nets are fitted slowly enough to be watched, a batch at a time.
    pub(crate) slow: RwSignal<bool>,
    /// The recipe, when the person has changed it; otherwise the engine builds one.
    pub(crate) recipe: RwSignal<Recipe>,
    /// The recipes before and after it.
    pub(crate) history: RwSignal<History>,
    pub(crate) prepared: RwSignal<Option<Arc<PreparedMsg>>>,
    pub(crate) prepare_error: RwSignal<Option<ErrorMsg>>,
    pub(crate) task: RwSignal<Option<Task>>,
    pub(crate) kind: RwSignal<Option<String>>,
    /// The column that weighs the rows, as chosen; [`App::weight`] says whether it does.
    pub(crate) weight: RwSignal<Option<String>>,
    /// Hyper-parameters as typed, those that were touched.
    pub(crate) params: RwSignal<BTreeMap<String, String>>,
    pub(crate) test_fraction: RwSignal<f64>,
    pub(crate) seed: RwSignal<String>,
    pub(crate) device: RwSignal<String>,
    pub(crate) way: RwSignal<Way>,
    /// Kinds that are left out of a comparison.
    pub(crate) not_compared: RwSignal<BTreeSet<String>>,
    /// The values of parameters to vary, as typed.
    pub(crate) varied: RwSignal<BTreeMap<String, String>>,
    pub(crate) folds: RwSignal<String>,
    pub(crate) method: RwSignal<String>,
}

/// What came of it.
#[derive(Clone, Copy)]
pub(crate) struct ResultState {
    /// All models trained in this visit, oldest first.
    pub(crate) models: RwSignal<Vec<Arc<Trained>>>,
    /// The one that is looked at.
    pub(crate) model: RwSignal<Option<Arc<Trained>>>,
    /// The net that is being fitted, as it was last heard of.
    pub(crate) live: RwSignal<Option<Arc<Live>>>,
    /// Whether it waits for a person.
    pub(crate) held: RwSignal<bool>,
    /// What came of the last comparison or search.
    pub(crate) found: RwSignal<Option<Arc<SearchedMsg>>>,
    /// What came of making the net that is looked at from another.
    pub(crate) made: RwSignal<Option<Arc<MadeMsg>>>,
    /// The net that is looked at in every precision that it was measured in.
    pub(crate) precisions: RwSignal<Vec<(String, MadeMsg)>>,
    /// What came of trying learning rates out, for the model and the table that were chosen then.
    pub(crate) rates: RwSignal<Option<Arc<RatesMsg>>>,
    /// Where the time of a step goes on each device that was timed, likewise.
    pub(crate) profiles: RwSignal<Vec<Profiled>>,
    /// Numbers of 32 bits beside 16, likewise.
    pub(crate) halves: RwSignal<Option<Arc<Halves>>>,
    /// The loss so far, while training.
    pub(crate) curve: RwSignal<Vec<LossPoint>>,
    /// Accuracy or R² so far, while a net is fitted: on rows it learns from, and on rows held back.
    pub(crate) scores: RwSignal<Vec<LossPoint>>,
    pub(crate) evaluation: RwSignal<Option<Arc<EvaluationMsg>>>,
    pub(crate) path: RwSignal<Option<Arc<DecisionPathMsg>>>,
    /// Of a model with many trees, the one that is looked at.
    pub(crate) shown_tree: RwSignal<Option<Arc<TreeMsg>>>,
    /// What the filters of a convolutional net answer for the selected row.
    pub(crate) maps: RwSignal<Option<Arc<Seen>>>,
    /// What each tree of many says about the selected row.
    pub(crate) votes: RwSignal<Option<Arc<VotesMsg>>>,
    pub(crate) selected_node: RwSignal<Option<usize>>,
    pub(crate) axes: RwSignal<Option<Axes>>,
    pub(crate) boundary: RwSignal<Option<Arc<Boundary>>>,
    /// The first rows of the table, for drawing points.
    pub(crate) points: RwSignal<Option<Arc<RowsMsg>>>,
    /// What a model without a target answers to them: codes, or numbers along the first component.
    pub(crate) answered: RwSignal<Vec<f64>>,
    /// The rows that were measured, cell after cell of the confusion matrix.
    pub(crate) measured: RwSignal<Vec<u32>>,
    /// The selected cell of the confusion matrix, by position.
    pub(crate) cell: RwSignal<Option<usize>>,
    /// Its rows.
    pub(crate) cell_rows: RwSignal<Vec<u32>>,
    /// The first of them, as they are in the table.
    pub(crate) cell_table: RwSignal<Option<Arc<RowsMsg>>>,
}

impl App {
    /// A page that knows nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            lang: RwSignal::new(Lang::default()),
            theme: RwSignal::new(Theme::default()),
            palette: RwSignal::new(Palette::default()),
            stage: RwSignal::new(Stage::default()),
            device: RwSignal::new(None),
            online: RwSignal::new(true),
            catalog: RwSignal::new(None),
            samples: RwSignal::new(Vec::new()),
            job: RwSignal::new(None),
            notices: RwSignal::new(Vec::new()),
            announcement: RwSignal::new(String::new()),
            data: DataState {
                table: RwSignal::new(None),
                options: RwSignal::new(LoadOptionsMsg::default()),
                sample: RwSignal::new(None),
                can_be_read_again: RwSignal::new(false),
                choosing: RwSignal::new(false),
                selected_row: RwSignal::new(None),
            },
            plan: PlanState {
                target: RwSignal::new(None),
                left_out: RwSignal::new(BTreeSet::new()),
                slow: RwSignal::new(false),
                recipe: RwSignal::new(None),
                history: RwSignal::new(History::default()),
                prepared: RwSignal::new(None),
                prepare_error: RwSignal::new(None),
                task: RwSignal::new(None),
                kind: RwSignal::new(None),
                weight: RwSignal::new(None),
                params: RwSignal::new(BTreeMap::new()),
                test_fraction: RwSignal::new(0.25),
                seed: RwSignal::new("0".to_owned()),
                device: RwSignal::new("auto".to_owned()),
                way: RwSignal::new(Way::Train),
                not_compared: RwSignal::new(BTreeSet::new()),
                varied: RwSignal::new(BTreeMap::new()),
                folds: RwSignal::new("5".to_owned()),
                method: RwSignal::new("grid".to_owned()),
            },
            result: ResultState {
                models: RwSignal::new(Vec::new()),
                model: RwSignal::new(None),
                live: RwSignal::new(None),
                held: RwSignal::new(false),
                found: RwSignal::new(None),
                made: RwSignal::new(None),
                rates: RwSignal::new(None),
                profiles: RwSignal::new(Vec::new()),
                precisions: RwSignal::new(Vec::new()),
                halves: RwSignal::new(None),
                curve: RwSignal::new(Vec::new()),
                scores: RwSignal::new(Vec::new()),
                evaluation: RwSignal::new(None),
                path: RwSignal::new(None),
                shown_tree: RwSignal::new(None),
                maps: RwSignal::new(None),
                votes: RwSignal::new(None),
                selected_node: RwSignal::new(None),
                axes: RwSignal::new(None),
                boundary: RwSignal::new(None),
                points: RwSignal::new(None),
                answered: RwSignal::new(Vec::new()),
                measured: RwSignal::new(Vec::new()),
                cell: RwSignal::new(None),
                cell_rows: RwSignal::new(Vec::new()),
                cell_table: RwSignal::new(None),
            },
        }
    }

    /// The texts of the current language.
    pub(crate) fn text(self) -> &'static Texts {
        self.lang.get().texts()
    }

    /// Whether a foreground job is under way.
    pub(crate) fn is_busy(self) -> bool {
        self.job.with(Option::is_some)
    }

    /// Adds a notice.
    pub(crate) fn tell(self, what: NoticeKind) {
        if !matches!(what, NoticeKind::Error(_)) {
            // Good news goes by itself; trouble stays until it was read.
            let passing = what.clone();
            leptos::task::spawn_local(async move {
                crate::browser::sleep(6000).await;
                self.notices.update(|notices| notices.retain(|notice| notice.what != passing));
            });
        }
        self.notices.update(|notices| {
            let id = notices.last().map_or(0, |last| last.id + 1);
            notices.retain(|notice| notice.what != what);
            notices.push(Notice { id, what });
            // The newest three: a page that piles up trouble hides it.
            let surplus = notices.len().saturating_sub(3);
            notices.drain(..surplus);
        });
    }

    /// Goes to a stage and puts the focus there.
    pub(crate) fn go(self, stage: Stage) {
        self.stage.set(stage);
        leptos::task::spawn_local(async {
            crate::browser::next_frame().await;
            crate::browser::focus("panel");
        });
    }

    /// What a model's codes are called: its classes, or names in the person's language for what has no target.
    pub(crate) fn code_names(self, model: &ModelMsg) -> Vec<String> {
        let texts = self.text();
        let classes = model.classes.clone().unwrap_or_default();
        let cluster = |code: usize| fill(texts.cluster, &[("n", &code.to_string())]);
        match model.task {
            Task::Clustering => (0..classes.len()).map(cluster).collect(),
            Task::AnomalyDetection => [texts.inlier, texts.outlier].map(str::to_owned).to_vec(),
            _ => classes,
        }
    }

    /// A model kind's name for people.
    pub(crate) fn kind_title(self, kind: &str) -> String {
        let lang = self.lang.get();
        let title = self.catalog.with(|catalog| {
            let doc = catalog.as_ref()?.models.iter().find(|model| model.kind == kind)?;
            Some(lang.pick(&doc.title))
        });
        title.unwrap_or_else(|| crate::text::spoken(kind))
    }

    /// Those of some measures that belong to one of the groups, in the engine's order.
    pub(crate) fn measures(self, of: &MetricsMsg, groups: &[&str]) -> Vec<MeasureDocMsg> {
        self.catalog.with(|catalog| {
            let all = catalog.iter().flat_map(|catalog| &catalog.measures);
            all.filter(|doc| groups.contains(&&*doc.group) && of.contains_key(&doc.name)).cloned().collect()
        })
    }

    /// A measure's name for people.
    pub(crate) fn measure_title(self, name: &str) -> String {
        let lang = self.lang.get();
        let title = self.catalog.with(|catalog| {
            let doc = catalog.as_ref()?.measures.iter().find(|doc| doc.name == name)?;
            Some(lang.pick(&doc.title))
        });
        title.unwrap_or_else(|| crate::text::spoken(name))
    }
}

/// The app, from any component.
pub(crate) fn app() -> App {
    expect_context()
}

/// Runs `act` soon, and again whenever a signal that it read has changed. Boxed, so that the waiting is compiled once.
pub(crate) fn effect(act: impl FnMut() + 'static) {
    let act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(act);
}

/// A text of the interface that follows the language. One function makes them all, so that what shows a text is
/// compiled once and not once for each.
pub(crate) fn words(app: App, pick: fn(&'static Texts) -> &'static str) -> impl Fn() -> &'static str + Copy + use<> {
    move || pick(app.text())
}

/// The same as a signal, for components.
pub(crate) fn said(app: App, pick: fn(&'static Texts) -> &'static str) -> Signal<String> {
    Signal::derive(move || pick(app.text()).to_owned())
}

/// A text of the interface that follows the language: `tr!(app, key)`.
macro_rules! tr {
    ($app:expr, $key:ident) => {
        crate::state::words($app, |texts| texts.$key)
    };
    ($app:expr, $key:ident, $($name:literal = $value:expr),+ $(,)?) => {{
        let app = $app;
        move || crate::text::fill(app.text().$key, &[$(($name, &$value)),+])
    }};
}
pub(crate) use tr;
