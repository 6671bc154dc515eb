//! Settings between the state, the URL's hash and the browser's memory.

use leptos::prelude::*;
use vitrine_protocol::Task;

use crate::actions::{load_sample, page_error};
use crate::browser;
use crate::charts::{PALETTE_TOKENS, Palette};
use crate::hash::Settings;
use crate::state::{App, NoticeKind, Stage, Theme, effect};
use crate::text::{self, Lang};

/// What is learned without a target, by its word in the hash. What has one follows from the target's kind.
const TASKS: [(&str, Task); 3] =
    [("clustering", Task::Clustering), ("projection", Task::Projection), ("anomaly_detection", Task::AnomalyDetection)];

/// A setting as the hash says, or as it was the last time.
fn named(settings: &Settings, name: &str) -> Option<String> {
    settings.get(name).map(str::to_owned).or_else(|| browser::remembered(name))
}

/// The language to begin with: as asked for, as the last time, or as the browser's.
pub(crate) fn first_lang() -> Lang {
    let named = named(&Settings::parse(&browser::hash()), "lang").and_then(|tag| Lang::from_tag(&tag));
    let prefers = || Lang::from_tag(&web_sys::window()?.navigator().language()?);
    named.or_else(prefers).unwrap_or_default()
}

/// Fetches the words of a language that has a file of its own, unless they are here.
///
/// # Errors
/// - The file did not come, or is another build's.
pub(crate) async fn learn(lang: Lang) -> Result<(), String> {
    let is_whole = lang.is_here() || text::keep_zh(browser::fetch_words(text::ZH_FILE).await?);
    is_whole.then_some(()).ok_or_else(|| text::ZH_FILE.to_owned())
}

/// Speaks a language as soon as its words are here; without them the page goes on in the one it speaks.
pub(crate) fn speak(app: App, lang: Lang) {
    thread_local! {
        /// Who changes back while words are on their way must not be overruled by them.
        static WANTED: std::cell::Cell<Lang> = const { std::cell::Cell::new(Lang::En) };
    }
    WANTED.set(lang);
    if lang.is_here() {
        return app.lang.set(lang);
    }
    leptos::task::spawn_local(async move {
        match learn(lang).await {
            Ok(()) if WANTED.get() == lang => app.lang.set(lang),
            Ok(()) => {}
            Err(message) => app.tell(NoticeKind::Error(Box::new(page_error(message)))),
        }
    });
}

/// Reads the settings once, and keeps hash, memory and `<html>` as the state is from then on.
pub(crate) fn follow(app: App) {
    let settings = Settings::parse(&browser::hash());
    app.theme.set(named(&settings, "theme").and_then(|word| Theme::from_word(&word)).unwrap_or_default());
    apply(app, &settings);
    speak(app, first_lang());

    let navigator = web_sys::window().map(|window| window.navigator());
    app.online.set(navigator.is_none_or(|navigator| navigator.on_line()));
    browser::on_window("online", move || app.online.set(true));
    browser::on_window("offline", move || app.online.set(false));
    browser::on_window("popstate", move || apply(app, &Settings::parse(&browser::hash())));

    effect(move || {
        let lang = app.lang.get();
        if lang == Lang::Zh {
            load_trouble_zh(app);
        }
        browser::set_root_attribute("lang", lang.tag());
        browser::remember("lang", lang.tag());
    });
    let read_palette = move || {
        if let Some(palette) = browser::tokens(PALETTE_TOKENS).and_then(Palette::from_tokens) {
            app.palette.set(palette);
        }
    };
    browser::on_system_theme(read_palette);
    effect(move || {
        let theme = app.theme.get();
        browser::set_root_attribute("data-theme", theme.word());
        browser::remember("theme", theme.word());
        read_palette();
    });
    write_on_change(app);
    if let Some(file) = settings.get("sample") {
        load_later(app, file.to_owned(), settings.get("target").map(str::to_owned));
    }
}

/// Fetches the Chinese for errors once; what is shown already is shown again in it.
fn load_trouble_zh(app: App) {
    thread_local! {
        static IS_ASKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    if IS_ASKED.replace(true) {
        return;
    }
    leptos::task::spawn_local(async move {
        match browser::fetch_json(text::TROUBLE_ZH_FILE).await {
            Ok(all) => {
                text::keep_trouble_zh(all);
                app.lang.notify();
            }
            // They are told in English then; the next visit to the language tries again.
            Err(_) => IS_ASKED.set(false),
        }
    });
}

/// A sample named in the link is read as soon as the engine can.
fn load_later(app: App, file: String, target: Option<String>) {
    let done = StoredValue::new(false);
    effect(move || {
        let ready = app.catalog.with(Option::is_some) && app.samples.with(|samples| !samples.is_empty());
        if ready && !done.get_value() {
            done.set_value(true);
            load_sample(app, file.clone(), target.clone());
        }
    });
}

/// Takes over what a hash says; what it does not mention stays.
fn apply(app: App, settings: &Settings) {
    if let Some(stage) = settings.get("stage").and_then(Stage::from_word) {
        app.stage.set(stage);
    }
    if let Some(lang) = settings.get("lang").and_then(Lang::from_tag) {
        speak(app, lang);
    }
    if let Some(theme) = settings.get("theme").and_then(Theme::from_word) {
        app.theme.set(theme);
    }
    if let Some((_, task)) = TASKS.iter().find(|(word, _)| settings.get("task") == Some(word)) {
        app.plan.task.set(Some(*task));
    }
    if let Some(kind) = settings.get("model") {
        app.plan.kind.set(Some(kind.to_owned()));
    }
    if !settings.params.is_empty() {
        app.plan.params.set(settings.params.clone());
    }
    if let Some(seed) = settings.get("seed") {
        app.plan.seed.set(seed.to_owned());
    }
    if let Some(share) = settings.get("test").and_then(crate::format::parse_number) {
        app.plan.test_fraction.set(share.clamp(0.0, 0.9));
    }
    if let Some(device) = settings.get("device").filter(|device| ["auto", "cpu", "webgpu"].contains(device)) {
        app.plan.device.set(device.to_owned());
    }
}

fn write_on_change(app: App) {
    let settings = Memo::new(move |_| {
        let mut settings = Settings::default();
        let differs = |value: String, default: &str| (value != default).then_some(value);
        settings.set("stage", Some(app.stage.get().word().to_owned()));
        settings.set("lang", Some(app.lang.get().tag().to_owned()));
        settings.set("theme", differs(app.theme.get().word().to_owned(), "auto"));
        settings.set("sample", app.data.sample.get());
        settings.set("target", app.plan.target.get());
        let task = app.plan.task.get();
        let word = TASKS.iter().find(|(_, of)| Some(*of) == task).map(|(word, _)| (*word).to_owned());
        settings.set("task", word);
        settings.set("model", app.plan.kind.get());
        settings.set("seed", differs(app.plan.seed.get(), "0"));
        settings.set("test", differs(crate::format::typed(app.plan.test_fraction.get()), "0.25"));
        settings.set("device", differs(app.plan.device.get(), "auto"));
        settings.params = app.plan.params.get();
        settings
    });
    Effect::new(move |before: Option<Stage>| {
        let stage = app.stage.get();
        let hash = settings.get().to_string();
        if hash != browser::hash() {
            // Only a change of stage is a step one would go back from.
            browser::write_hash(&hash, before.is_some_and(|before| before != stage));
        }
        stage
    });
}
