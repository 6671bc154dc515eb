//! Candidates are fitted on folds and ranked. Every fit stands alone, so that any worker may make it.

use std::collections::BTreeMap;

use vitrine_protocol::{
    CandidateMsg, ErrorMsg, Event, FitMsg, ModelSpecMsg, ProgressMsg, RoundMsg, SearchMsg, SearchedMsg, SplitMsg,
    StepMsg, TrainMsg,
};

use crate::Error;
use crate::evaluate::{evaluate, smaller_is_better};
use crate::model::{Answers, find};
use crate::param::{ParamMap, ParamValue};
use crate::preprocess::Target;
use crate::random::Seed;
use crate::train::search::{
    MAX_FITS, Method, N_CANDIDATES, Round, SearchError, Space, Spread, best, ranks, schedule, spread,
};
use crate::worker::context::Context;
use crate::worker::jobs::folds::{Bench, Candidate};
use crate::worker::jobs::plan::Plan;
use crate::worker::{Reply, RequestError, wire};

/// Round, candidate and fold.
type Fit = [usize; 3];

pub(super) async fn search(context: Context, mut request: SearchMsg) -> Result<Reply, Error> {
    let until = request.within_ms.take().map(|within_millis| context.now_millis() + within_millis);
    let (known, only) = (read_known(request.known.take())?, request.only.take());
    let plan = check(&context, &request)?;
    check_n_fits(request.models.len() as f64, plan.split.folds.unwrap_or(1))?;
    // Without what only this request says, the requests of one search are alike.
    let kept = context.workspace.borrow_mut().folds_of(&request);
    let bench = Bench::new(&context, &plan, kept)?;
    let varied = candidates(&request, plan.seed, bench.n_folds())?;
    let specs = specs(&request.models, &varied);
    let scoring = scoring(&plan.parts.train.target, request.scoring.as_deref())?;
    let rounds = rounds(&request, &plan, &bench, specs.len())?;
    let n_fits: usize = rounds.iter().map(|round| round.n_candidates * bench.n_folds()).sum();
    check_n_fits(n_fits as f64, 1)?;

    let mut search = Search {
        context: &context,
        plan: &plan,
        bench,
        recipe: request.recipe.as_deref(),
        specs: &specs,
        rounds: &rounds,
        scoring: &scoring,
        known,
        made: Vec::new(),
        n_fits,
        best_score: None,
    };
    search.hear_known();
    let mut fits = Vec::new();
    let mut open = Vec::new();
    match only.as_deref() {
        None => {
            let standing = search.run(until).await;
            if standing.open.is_empty() {
                context.workspace.borrow_mut().forget_folds();
                return Ok(Event::Searched(search.answer(&varied, &standing)).into());
            }
            open = standing.open;
            fits.extend(search.made.iter().map(|fit| search.known[fit].clone()));
        }
        Some([]) => open = search.standing().open,
        Some(only) => {
            let limits = [rounds.len(), specs.len(), search.bench.n_folds()];
            if let Some(fit) = only.iter().find(|fit| fit.iter().zip(limits).any(|(&given, n)| given >= n)) {
                return Err(RequestError::Malformed { detail: format!("there is no fit {fit:?}") }.into());
            }
            search.n_fits = only.len();
            for (done, &fit) in only.iter().enumerate() {
                fits.push(search.make(fit, done).await);
            }
            search.known.extend(fits.iter().map(|made| (made.fit, made.clone())));
            search.hear_known();
        }
    }
    Ok(Event::FitsMade { fits, open, n_fits, best_score: search.best_score }.into())
}

/// What is common to all candidates: the first whose model can be planned says it.
fn check(context: &Context, request: &SearchMsg) -> Result<Plan, Error> {
    let mut split = request.split.clone().unwrap_or_default();
    if split.folds.is_some() {
        split.test_fraction = split.test_fraction.or(Some(0.0));
    }
    let mut planned: Result<Plan, Error> = Err(SearchError::NothingToCompare {}.into());
    for model in &request.models {
        planned = Plan::check(context, train_msg(request, model, &split)).and_then(|plan| {
            plan.check_comparable()?;
            Ok(plan)
        });
        if planned.is_ok() {
            break;
        }
    }
    planned
}

fn train_msg(request: &SearchMsg, model: &ModelSpecMsg, split: &SplitMsg) -> TrainMsg {
    TrainMsg {
        table: request.table.clone(),
        target: Some(request.target.clone()),
        features: request.features.clone(),
        task: request.task,
        sample_weight: request.sample_weight.clone(),
        recipe: request.recipe.clone(),
        model: model.clone(),
        split: Some(split.clone()),
        seed: request.seed,
        device: None,
        fusion: None,
        precision: None,
        watch: None,
        only_trees: None,
        only_folds: None,
        checkpoints: false,
        resume: false,
        known: None,
        grown_trees: false,
    }
}

pub(super) fn check_n_fits(n_candidates: f64, n_folds: usize) -> Result<(), Error> {
    let n = n_candidates * n_folds as f64;
    if n <= MAX_FITS as f64 {
        return Ok(());
    }
    let n_fits = if n < 1e15 { n.to_string() } else { format!("{n:.1e}") };
    Err(SearchError::TooManyFits { n_fits, limit: MAX_FITS }.into())
}

/// What is varied in each candidate; one empty entry per model when nothing is.
fn candidates(request: &SearchMsg, seed: u64, n_folds: usize) -> Result<Vec<ParamMap>, Error> {
    let no_space = ParamMap::new();
    let given = request.space.as_ref().unwrap_or(&no_space);
    let [model] = request.models.as_slice() else {
        return match given.iter().next() {
            None => Ok(vec![ParamMap::new(); request.models.len()]),
            Some((name, values)) => {
                let expected = "left out where several models are compared".to_owned();
                Err(SearchError::BadSpace { name: name.clone(), given: values.to_string(), expected }.into())
            }
        };
    };
    let space = Space::read(given, &(find(&model.kind)?.docs)())?;
    let n_combinations = space.n_combinations();
    let method = method(request)?.unwrap_or(if n_combinations.is_some() { Method::Grid } else { Method::Random });
    let n_drawn = match (method, request.n_candidates) {
        (Method::Grid, Some(given)) | (_, Some(given @ 0)) => return Err(SearchError::BadCandidates { given }.into()),
        (_, Some(given)) => Some(given),
        (Method::Random, None) => Some(N_CANDIDATES),
        (Method::Halving, None) if n_combinations.is_none() => Some(N_CANDIDATES),
        (_, None) => None,
    };
    let most = n_drawn.map_or(f64::INFINITY, |n| n as f64).min(n_combinations.unwrap_or(f64::INFINITY));
    // An endless grid is refused for its range, not for its size. Halving fits most candidates on few rows: it may
    // have as many as a search has fits.
    if most.is_finite() {
        check_n_fits(most, if method == Method::Halving { 1 } else { n_folds })?;
    }
    match n_drawn {
        Some(n) => Ok(space.draw(n, Seed(seed))),
        None => space.grid(),
    }
}

fn method(request: &SearchMsg) -> Result<Option<Method>, Error> {
    let read = |word: &String| {
        Method::read(&word.as_str().into()).ok_or_else(|| SearchError::BadMethod { given: word.clone() }.into())
    };
    request.method.as_ref().map(read).transpose()
}

/// The candidates as `train` takes them.
fn specs(models: &[ModelSpecMsg], varied: &[ParamMap]) -> Vec<ModelSpecMsg> {
    let spec = |(idx, varied): (usize, &ParamMap)| {
        let mut spec = models[if models.len() == 1 { 0 } else { idx }].clone();
        spec.params.extend(varied.clone());
        spec
    };
    varied.iter().enumerate().map(spec).collect()
}

/// The measure to go by, which is one that this kind of target has.
fn scoring(target: &Target, asked: Option<&str>) -> Result<String, Error> {
    let (none, default) = match target {
        Target::Classes { n_classes, .. } => {
            (Answers::Classes { probabilities: Vec::new(), n_classes: *n_classes }, "accuracy")
        }
        Target::Values(_) => (Answers::Values(Vec::new()), "r2"),
    };
    let known = evaluate(&none, &target.take_rows(&[])).metrics;
    match asked {
        Some(name) if !known.contains_key(name) => {
            let known = known.into_keys().collect::<Vec<_>>().join(", ");
            Err(SearchError::BadScoring { given: name.to_owned(), known }.into())
        }
        asked => Ok(asked.unwrap_or(default).to_owned()),
    }
}

fn rounds(request: &SearchMsg, plan: &Plan, bench: &Bench<'_>, n_candidates: usize) -> Result<Vec<Round>, Error> {
    let n_rows = bench.n_rows();
    if method(request)? != Some(Method::Halving) {
        return Ok(vec![Round { n_candidates, n_rows }]);
    }
    schedule(n_candidates, n_rows, bench.n_folds(), plan.parts.train.classes.len().max(1))
}

pub(super) fn read_known(known: Option<serde_json::Value>) -> Result<BTreeMap<Fit, FitMsg>, Error> {
    let Some(known) = known else { return Ok(BTreeMap::new()) };
    let fits: Vec<FitMsg> = serde_json::from_value(known)
        .map_err(|error| Error::from(RequestError::Malformed { detail: format!("known: {error}") }))?;
    Ok(fits.into_iter().map(|made| (made.fit, made)).collect())
}

struct Search<'a> {
    context: &'a Context,
    plan: &'a Plan,
    bench: Bench<'a>,
    recipe: Option<&'a [StepMsg]>,
    specs: &'a [ModelSpecMsg],
    rounds: &'a [Round],
    scoring: &'a str,
    known: BTreeMap<Fit, FitMsg>,
    /// Those that this request made.
    made: Vec<Fit>,
    n_fits: usize,
    best_score: Option<f64>,
}

/// Where a search stands, by the fits that are known.
struct Standing {
    /// The last round each candidate took part in.
    reached: Vec<usize>,
    ranks: Vec<usize>,
    /// The fits of the round under way that are not known; none when all is done.
    open: Vec<Fit>,
}

impl Search<'_> {
    /// Makes every fit that is not known, round by round; begins none after a moment, if there is one.
    async fn run(&mut self, until: Option<f64>) -> Standing {
        let mut done = self.known.len();
        loop {
            let standing = self.standing();
            if standing.open.is_empty() {
                return standing;
            }
            for [round, candidate, fold] in standing.open {
                if until.is_some_and(|until| self.context.now_millis() >= until) {
                    return self.standing();
                }
                // Where one fold failed the others would say no more.
                if self.failure(round, candidate).is_none() {
                    let made = self.make([round, candidate, fold], done).await;
                    self.made.push(made.fit);
                    self.known.insert(made.fit, made);
                }
                done += 1;
                if fold + 1 == self.bench.n_folds() {
                    self.hear(self.score(round, candidate));
                }
            }
        }
    }

    fn standing(&self) -> Standing {
        let n = self.specs.len();
        let mut alive: Vec<usize> = (0..n).collect();
        let mut standing = Standing { reached: vec![0; n], ranks: vec![1; n], open: Vec::new() };
        for (round, Round { n_candidates, .. }) in self.rounds.iter().enumerate() {
            alive = best(&alive, &standing.ranks, *n_candidates);
            for &candidate in &alive {
                standing.reached[candidate] = round;
                if self.failure(round, candidate).is_none() {
                    let fits = (0..self.bench.n_folds()).map(|fold| [round, candidate, fold]);
                    standing.open.extend(fits.filter(|fit| !self.known.contains_key(fit)));
                }
            }
            if !standing.open.is_empty() {
                return standing;
            }
            let scores: Vec<Option<f64>> =
                standing.reached.iter().enumerate().map(|(at, &reached)| self.score(reached, at)).collect();
            standing.ranks = ranks(&standing.reached, &scores, smaller_is_better(self.scoring));
        }
        standing
    }

    /// Makes one fit, the `done + 1`-th of all.
    async fn make(&self, fit: Fit, done: usize) -> FitMsg {
        let [round, candidate, _] = fit;
        let (n, of) = (done as f64, self.n_fits.max(1));
        let outer = ProgressMsg {
            epoch: Some(done),
            n_epochs: Some(of),
            best_score: self.best_score,
            message: "searching".to_owned(),
            ..ProgressMsg::default()
        };
        self.context.begin_part(n / of as f64, (n + 1.0) / of as f64, Some(outer));
        let made = match Candidate::check(self.context, self.plan, &self.specs[candidate], self.recipe) {
            Ok(candidate) => {
                let share = self.rounds[round].n_rows as f64 / self.bench.n_rows() as f64;
                self.bench.fit(&candidate, fit, share, Some(self.scoring)).await
            }
            Err(error) => FitMsg {
                fit,
                metrics: Default::default(),
                train_score: None,
                fit_ms: 0.0,
                error: Some(wire::error_msg(&error)),
            },
        };
        self.context.tick_with(ProgressMsg { fraction: 1.0, ..ProgressMsg::default() }).await;
        made
    }

    fn fits(&self, round: usize, candidate: usize) -> impl Iterator<Item = &FitMsg> {
        self.known.range([round, candidate, 0]..[round, candidate, self.bench.n_folds()]).map(|(_, made)| made)
    }

    /// Why the first of a candidate's folds that failed did.
    fn failure(&self, round: usize, candidate: usize) -> Option<&ErrorMsg> {
        self.fits(round, candidate).find_map(|made| made.error.as_ref())
    }

    /// The mean over the folds of a number each fit has; none when one failed.
    fn mean(&self, round: usize, candidate: usize, of: fn(&FitMsg, &str) -> Option<f64>) -> Spread {
        let values: Vec<Option<f64>> = self.fits(round, candidate).map(|made| of(made, self.scoring)).collect();
        spread(&values)
    }

    fn score(&self, round: usize, candidate: usize) -> Option<f64> {
        self.mean(round, candidate, on_held_back).mean
    }

    /// Keeps the best score of what is known.
    fn hear_known(&mut self) {
        for round in 0..self.rounds.len() {
            for candidate in 0..self.specs.len() {
                if self.fits(round, candidate).count() == self.bench.n_folds() {
                    self.hear(self.score(round, candidate));
                }
            }
        }
    }

    /// Keeps the best score so far, to be told with the progress.
    fn hear(&mut self, score: Option<f64>) {
        let Some(score) = score else { return };
        let is_better = |best: f64| if smaller_is_better(self.scoring) { score < best } else { score > best };
        if self.best_score.is_none_or(is_better) {
            self.best_score = Some(score);
        }
    }

    fn answer(&self, varied: &[ParamMap], standing: &Standing) -> SearchedMsg {
        let row = |(at, model): (usize, &ModelSpecMsg)| {
            let round = standing.reached[at];
            let error = self.failure(round, at).cloned();
            let score = self.mean(round, at, on_held_back);
            let measured: Vec<_> = self.fits(round, at).filter(|_| error.is_none()).map(|made| &made.metrics).collect();
            CandidateMsg {
                model: model.clone(),
                params: varied[at].clone(),
                rank: standing.ranks[at],
                score: score.mean,
                score_std: score.std,
                train_score: self.mean(round, at, |made, _| made.train_score).mean,
                fit_ms: self.mean(round, at, |made, _| Some(made.fit_ms)).mean.unwrap_or(0.0),
                metrics: wire::fold_metrics_msg(&wire::by_measure(&measured)),
                round,
                error,
            }
        };
        let candidates: Vec<CandidateMsg> = self.specs.iter().enumerate().map(row).collect();
        let is_best = |row: &CandidateMsg| row.rank == 1 && row.score.is_some();
        SearchedMsg {
            scoring: self.scoring.to_owned(),
            smaller_is_better: smaller_is_better(self.scoring),
            n_folds: self.bench.n_folds(),
            n_fits: self.n_fits,
            rounds: self.rounds.iter().map(round_msg).collect(),
            best: candidates.iter().position(is_best),
            candidates,
            issues: wire::issue_msgs(&self.plan.issues),
        }
    }
}

fn on_held_back(made: &FitMsg, scoring: &str) -> Option<f64> {
    made.metrics.get(scoring).copied().flatten()
}

fn round_msg(round: &Round) -> RoundMsg {
    RoundMsg { n_candidates: round.n_candidates, n_rows: round.n_rows }
}
