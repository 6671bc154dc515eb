//! How a net is fitted: the descent, step by step.

use super::FittedNet;
use super::fitted::Scale;
use crate::error::Issues;
use crate::model::Fitted;
use crate::train::net::{NetDescent, NetIssue, NetView};
use crate::train::{CheckpointFuture, LossFuture, Op, Session, Step, StepFuture, View, ViewFuture, Watched, ready};

/// A descent under way.
pub(super) struct NetSession {
    pub(super) kind: &'static str,
    pub(super) descent: NetDescent,
    pub(super) n_classes: usize,
    pub(super) scale: Scale,
    pub(super) issues: Issues,
}

impl Session<dyn Fitted> for NetSession {
    fn step(&mut self) -> StepFuture<'_> {
        Box::pin(self.descent.step())
    }

    fn finish(mut self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let learned = self.descent.into_learned().expect("a step has said that the descent is done");
        self.issues.extend(learned.issues);
        let fitted =
            FittedNet { kind: self.kind, net: learned.net, n_classes: self.n_classes, scale: self.scale, int8: None };
        (Box::new(fitted), self.issues)
    }

    fn watched(&mut self) -> Option<&mut dyn Watched<dyn Fitted>> {
        Some(self)
    }
}

impl Watched<dyn Fitted> for NetSession {
    fn keep_epochs(&mut self) {
        self.descent.keep_snapshots();
    }

    fn one_batch(&mut self) {
        self.descent.one_batch();
    }

    fn is_amid(&self) -> bool {
        self.descent.is_amid()
    }

    fn stop(&mut self) {
        self.descent.stop();
    }

    fn seek(&mut self, epoch: usize) -> usize {
        self.descent.seek(epoch)
    }

    fn view(&self) -> ViewFuture<'_, dyn Fitted> {
        Box::pin(async {
            let NetView { net, epoch, n_batches, gradient_norms, n_dead, memory } = self.descent.view().await?;
            let fitted =
                Box::new(FittedNet { kind: self.kind, net, n_classes: self.n_classes, scale: self.scale, int8: None });
            Ok(View::<dyn Fitted> { fitted, epoch, n_batches, gradient_norms, n_dead, memory })
        })
    }

    fn n_batches(&self) -> [usize; 2] {
        self.descent.n_batches()
    }

    fn checkpoint(&self) -> CheckpointFuture<'_> {
        Box::pin(self.descent.checkpoint())
    }

    fn resume(&mut self, checkpoint: &[u8]) -> Option<usize> {
        self.descent.resume(checkpoint)
    }

    fn batch_at(&mut self, rate: f64) -> LossFuture<'_> {
        Box::pin(self.descent.batch_at(rate))
    }

    fn ops(&self) -> Vec<Op> {
        self.descent.ops()
    }
}

/// Nothing to learn.
pub(super) struct OneAnswerSession {
    pub(super) fitted: FittedNet,
}

impl Session<dyn Fitted> for OneAnswerSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(Ok(Step { fraction: 1.0, epoch: None }))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let mut issues = Issues::new();
        issues.push(NetIssue::OneAnswer {});
        (Box::new(self.fitted), issues)
    }
}
