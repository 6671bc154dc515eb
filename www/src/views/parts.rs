//! Views in modules of their own, fetched when they are first shown: a visitor who never looks at one never pays for it.
//!
//! What stands behind a function marked `wasm_split`, and nowhere else, is cut out of the page's module by xtask; what
//! two modules share is cut out once more. A build without `cfg(split)`, such as Trunk's own, is one module.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::SplitLoaderError;

use super::toys::Toys;
use super::{Data, Evaluate, Explain, Export, Predict, Prepare, Train};
use crate::actions::page_error;
use crate::state::{NoticeKind, Stage, app};

/// Makes a stage's view, once its module is here.
pub(crate) type Make = fn() -> AnyView;

pub(super) type Loading = Pin<Box<dyn Future<Output = Result<Make, SplitLoaderError>>>>;

/// Declares `fn name() -> Loading`, which fetches a module and with it the function that makes a view. The function within
/// bears the same name because it must be one of a kind.
macro_rules! parts {
    ($($module:ident: $name:ident => $view:ident,)*) => { $(
        pub(super) fn $name() -> Loading {
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

// What works on a model, what looks at one, what plays. More modules would share more, in more pieces.
parts! {
    work: prepare => Prepare,
    work: train => Train,
    work: predict => Predict,
    work: export => Export,
    look: evaluate => Evaluate,
    look: explain => Explain,
    play: toys => Toys,
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

/// Shows what a module makes, within a view that was there before it.
#[component]
pub(super) fn Fetched(
    /// Fetches the module.
    load: fn() -> Loading,
) -> impl IntoView {
    let app = app();
    let made = RwSignal::new(None::<Make>);
    spawn_local(async move {
        match load().await {
            Ok(make) => {
                made.try_set(Some(make));
            }
            Err(error) => app.tell(NoticeKind::Error(Box::new(page_error(error.to_string())))),
        }
    });
    move || made.get().map(|make| make())
}
