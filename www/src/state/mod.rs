//! What the page knows: one [`App`] of signals, shared by every view.
//!
//! What is selected in one view is selected in all, because there is one signal for it. Numbers come from the
//! engine's messages and are kept as they came.

mod parts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leptos::prelude::*;
use vitrine_protocol::{
    CatalogMsg, DecisionPathMsg, DeviceMsg, ErrorMsg, EvaluationMsg, LoadOptionsMsg, MadeMsg, MeasureDocMsg,
    MetricsMsg, ModelMsg, PreparedMsg, RatesMsg, RowsMsg, SearchedMsg, StepMsg, TableMsg, Task, TreeMsg, VotesMsg,
};

use crate::charts::Palette;
pub(crate) use crate::stage::{Stage, Theme};
use crate::text::{Lang, Texts, fill};
pub(crate) use parts::{
    Axes, Boundary, Halves, Job, JobKind, Live, LossPoint, Notice, NoticeKind, Profiled, Sample, Seen, Trained, Way,
};

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
