//! Which features the trees of a forest gained most from.

use leptos::prelude::*;
use vitrine_protocol::StructureMsg;

use crate::charts::{Bar, bars, largest_first};
use crate::format;
use crate::state::{App, app, said};
use crate::widgets::{Figure, Plot, Sheet};

/// Bars drawn; the table and the saved CSV have all.
const N_BARS: usize = 20;

/// The importances as bars, largest first; nothing where the model tells none.
#[component]
pub(super) fn Importances() -> impl IntoView {
    let app = app();
    let drawing = Memo::new(move |_| {
        let mut all = importances(app);
        all.truncate(N_BARS);
        app.palette.with(|palette| bars(&all, app.text().importance_axis, palette))
    });
    let sheet = Signal::derive(move || {
        let head = vec![app.text().feature.to_owned(), app.text().importance_axis.to_owned()];
        let rows = importances(app).into_iter().map(|bar| vec![bar.label, format::plain(bar.value)]);
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let title = said(app, |texts| texts.importances_title);
    move || {
        (!importances(app).is_empty()).then(|| {
            view! {
                <Figure name="importances" title note=said(app, |texts| texts.importances_note) drawing sheet>
                    <Plot drawing label=title/>
                </Figure>
            }
        })
    }
}

/// Each feature with its share, largest first.
fn importances(app: App) -> Vec<Bar> {
    let all = app.result.model.with(|trained| {
        let model = &trained.as_ref()?.model;
        let StructureMsg::Trees { importances: Some(shares), .. } = &model.structure else { return None };
        let bar = |(label, value): (&String, &f64)| Bar { label: label.clone(), value: *value };
        Some(model.feature_names.iter().zip(shares).map(bar).collect::<Vec<Bar>>())
    });
    let mut all = all.unwrap_or_default();
    largest_first(&mut all, |bar| bar.value);
    all
}
