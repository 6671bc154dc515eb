//! Views in modules of their own, fetched when they are first shown: a visitor who never looks at one never pays for it.
//!
//! What stands behind a function marked `wasm_split`, and nowhere else, is cut out of the page's module by xtask; what
//! two modules share is cut out once more. A build without `cfg(split)`, such as Trunk's own, is one module.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;

use super::{Data, Evaluate, Explain, Export, Predict, Prepare, Train};
use crate::state::Stage;

/// Makes a stage's view, once its module is here.
pub(crate) type Make = fn() -> AnyView;

type Loading = Pin<Box<dyn Future<Output = Result<Make, SplitLoaderError>>>>;

/// Declares `fn name() -> Loading`, which fetches a module and with it the function that makes a view. The function within
/// bears the same name because it must be one of a kind.
macro_rules! parts {
    ($($module:ident: $name:ident => $view:ident,)*) => { $(
        fn $name() -> Loading {
            #[cfg_attr(split, leptos::wasm_split::wasm_split($module, wasm_split_path = ::leptos::wasm_split, fallible))]
            fn $name() -> Result<Make, SplitLoaderError> {
                Ok(|| view! { <$view/> }.into_any())
            }
            #[cfg(split)]
            return Box::pin($name());
            #[cfg(not(split))]
            Box::pin(async { $name() })
        }
    )* };
}

// Two modules: what works on a model, and what looks at one. More of them would share more, in more pieces.
parts! {
    work: prepare => Prepare,
    work: train => Train,
    work: predict => Predict,
    work: export => Export,
    look: evaluate => Evaluate,
    look: explain => Explain,
}

/// Makes the view that the page begins with, which is part of the page's own module.
fn first() -> AnyView {
    view! { <Data/> }.into_any()
}

/// Fetches what makes a stage's view. Trying again after a failure fetches again.
pub(crate) fn load(stage: Stage) -> Loading {
    match stage {
        Stage::Data => Box::pin(async { Ok(first as Make) }),
        Stage::Prepare => prepare(),
        Stage::Train => train(),
        Stage::Evaluate => evaluate(),
        Stage::Explain => explain(),
        Stage::Predict => predict(),
        Stage::Export => export(),
    }
}
