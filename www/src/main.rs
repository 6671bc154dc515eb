//! Vitrine's page: it draws, and asks the workers for every number.
//!
//! [`client`] is the one way to the engine. [`state`] holds what is known, [`actions`] change it, [`views`] show it,
//! one per stage; [`charts`] turn data into drawings and know nothing of a browser.
//!
//! The page is downloaded before anything else, so what is compiled once for each use has to be little. Hence
//! `on:click:target` also where nobody asks for the target: leptos boxes those handlers, and makes all the rest once.

#![expect(unreachable_pub, reason = "leptos' component macro makes a component's properties `pub`")]

mod actions;
mod app;
mod browser;
mod charts;
mod client;
mod format;
mod hash;
mod order;
mod params;
mod plan;
mod settings;
mod stage;
mod state;
mod text;
mod views;
mod widgets;
mod wire;

fn main() {
    console_error_panic_hook::set_once();
    wasm_bindgen_futures::spawn_local(async {
        // A language of its own file is waited for, so that the first words are the right ones.
        settings::learn(settings::first_lang()).await.unwrap_or_default();
        leptos::mount::mount_to_body(app::Page);
    });
}
