//! A boosting step by step: first the features get their bins, then round follows round.

use super::bins::Binner;
use super::boost::{BoostConfig, Booster, Views};
use super::fitted::FittedGradientBoosting;
use crate::Error;
use crate::error::Issues;
use crate::model::Fitted;
use crate::train::{Session, Step, StepFuture, ready};

/// Rows added to a histogram in one step: some 15 ms natively, twice that in a browser.
const ROWS_PER_STEP: usize = 8_000_000;

/// How much of the progress finding bins is given.
const BIN_SHARE: f64 = 0.05;

/// A fit under way.
pub(super) struct BoostingSession {
    stage: Stage,
    fraction: f64,
}

/// What waits for the bins.
pub(super) struct Preparation {
    pub(super) binner: Binner,
    /// One for each part of the binner.
    pub(super) views: Views,
    pub(super) config: BoostConfig,
    pub(super) n_classes: usize,
}

impl Preparation {
    fn into_booster(self) -> Booster {
        let (grid, bins) = self.binner.into_binned();
        let mut views = self.views;
        views.all.iter_mut().zip(bins).for_each(|(view, bins)| view.bins = bins);
        Booster::new(self.config, self.n_classes, grid, views)
    }
}

enum Stage {
    Binning(Box<Preparation>),
    Boosting(Box<Booster>),
    Done(Box<FittedGradientBoosting>),
    Failed,
}

impl BoostingSession {
    pub(super) fn new(preparation: Preparation) -> Self {
        Self { stage: Stage::Binning(Box::new(preparation)), fraction: 0.0 }
    }

    fn advance(&mut self) -> Result<Step, Error> {
        let mut epoch = None;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Binning(mut preparation) => {
                let weights = preparation.views.all[0].weights.as_deref();
                if preparation.binner.advance(weights, ROWS_PER_STEP) {
                    self.fraction = BIN_SHARE;
                    Stage::Boosting(Box::new(preparation.into_booster()))
                } else {
                    self.fraction = BIN_SHARE * preparation.binner.fraction();
                    Stage::Binning(preparation)
                }
            }
            Stage::Boosting(mut booster) => {
                let progress = booster.advance(ROWS_PER_STEP)?;
                epoch = progress.epoch;
                if progress.is_done {
                    self.fraction = 1.0;
                    Stage::Done(Box::new(booster.into_fitted()))
                } else {
                    // A tree may have fewer leaves than it might; progress never goes back.
                    let fraction = BIN_SHARE + (1.0 - BIN_SHARE) * booster.fraction().min(0.9999);
                    self.fraction = self.fraction.max(fraction);
                    Stage::Boosting(booster)
                }
            }
            done => done,
        };
        Ok(Step { fraction: self.fraction, epoch })
    }
}

impl Session<dyn Fitted> for BoostingSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        match self.stage {
            Stage::Done(fitted) => (fitted, Issues::new()),
            _ => panic!("a step has said that the rounds are done"),
        }
    }
}
