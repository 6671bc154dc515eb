//! Native tests of the whole engine, one binary so that burn is linked once.

#![expect(unreachable_pub, reason = "helpers are shared between the modules of one binary")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own input should stop where it is")]

mod cases;
mod class_weights;
mod contract;
mod conversation;
mod evaluations;
mod golden;
mod growing_forest;
mod images;
mod ingest;
mod lost_nets;
mod net_cases;
mod nets;
mod pipeline;
mod projection;
mod property_ingest;
mod protocol;
mod reference;
mod reference_boosting;
mod reference_boosting_tables;
mod reference_classic;
mod reference_classifiers;
mod reference_cnn;
mod reference_data;
mod reference_embeddings;
mod reference_forests;
mod reference_lags;
mod reference_measures;
mod reference_mlp;
mod reference_parameters;
mod reference_preparation;
mod reference_projection;
mod reference_rnn;
mod reference_search;
mod reference_smaller;
mod reference_trees;
mod reference_unsupervised;
mod reference_weighed_nets;
mod reference_weighted_folds;
mod same_bits;
mod search;
mod shared_trees;
mod smaller;
mod tidy;
mod unlabelled;
mod weights_and_missing;
