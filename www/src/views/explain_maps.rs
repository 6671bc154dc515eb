//! What a convolutional net sees in the selected row: its image, and what each filter answers.

use leptos::prelude::*;
use vitrine_protocol::{FrontMsg, StructureMsg};

use crate::actions::follow_maps;
use crate::browser;
use crate::charts::{Pictures, maps};
use crate::format;
use crate::state::{App, app, said};
use crate::text::fill;
use crate::widgets::{Figure, Plot, Sheet};

/// Rows, columns and numbers of a pixel of the images that the model reads; none of another model.
fn image_size(app: App) -> Option<[usize; 3]> {
    app.result.model.with(|trained| match &trained.as_ref()?.model.structure {
        StructureMsg::Net { front: Some(FrontMsg::Convolutions { height, width, channels, .. }), .. } => {
            Some([*height, *width, *channels])
        }
        _ => None,
    })
}

/// The figure; nothing for models that read no images.
#[component]
pub(super) fn Maps() -> impl IntoView {
    let app = app();
    let size = Memo::new(move |_| image_size(app));
    follow_maps(app);
    let is_there = Memo::new(move |_| size.get().is_some() && app.result.maps.with(Option::is_some));
    let drawing = Memo::new(move |_| {
        app.result.maps.with(|seen| {
            let (Some(seen), Some([height, width, channels])) = (seen, size.get()) else { return Default::default() };
            // A picture for each channel: they stand side by side in each pixel.
            let of = |channel: usize| seen.image.iter().skip(channel).step_by(channels.max(1)).copied();
            let image: Vec<f64> = (0..channels).flat_map(of).collect();
            let mut rows =
                vec![Pictures { name: app.text().maps_image.to_owned(), size: [height, width], values: &image }];
            let mut rest = seen.maps.as_slice();
            for (at, block) in seen.sizes.blocks.iter().enumerate() {
                let Some((values, others)) = rest.split_at_checked(block.n_maps * block.height * block.width) else {
                    break;
                };
                rest = others;
                let name = fill(app.text().maps_block, &[("n", &format::count(at + 1))]);
                rows.push(Pictures { name, size: [block.height, block.width], values });
            }
            app.palette.with(|palette| maps(&rows, browser::is_narrow(), palette))
        })
    });
    let sheet = Signal::derive(move || {
        let head = ["block", "filter", "row", "column", "value"].map(str::to_owned).to_vec();
        let mut rows: Sheet = vec![head];
        app.result.maps.with(|seen| {
            let Some(seen) = seen else { return };
            let mut values = seen.maps.iter();
            for (at, block) in seen.sizes.blocks.iter().enumerate() {
                for idx in 0..block.n_maps * block.height * block.width {
                    let n_pixels = block.height * block.width;
                    let places = [at, idx / n_pixels, idx % n_pixels / block.width, idx % block.width];
                    let value = values.next().map(|value| format::plain(*value)).unwrap_or_default();
                    rows.push(places.map(|place| (place + 1).to_string()).into_iter().chain([value]).collect());
                }
            }
        });
        rows
    });
    let title = said(app, |texts| texts.maps_title);
    let note = said(app, |texts| texts.maps_note);
    view! {
        <Show when=move || is_there.get()>
            <Figure name="maps" title note drawing sheet><Plot drawing label=title testid="maps"/></Figure>
        </Show>
    }
}
