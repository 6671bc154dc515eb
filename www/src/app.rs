//! The shell: rail, working area, status line, and the switches for language and theme.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::DeviceKind;

use crate::state::{App, JobKind, NoticeKind, Stage, Theme, app, effect, tr};
use crate::text::{Lang, fill, spoken};
use crate::widgets::{Icon, Logo, Notices, Views};
use crate::{actions, browser, format, settings, views};

/// The whole page.
#[component]
pub(crate) fn Page() -> impl IntoView {
    let app = App::new();
    provide_context(app);
    browser::remove("boot");
    spawn_local(actions::start_engine(app));
    spawn_local(async move {
        if let Ok(samples) = browser::fetch_json("samples/samples.json").await {
            app.samples.set(samples);
        }
    });
    settings::follow(app);
    actions::follow_plan(app);
    actions::follow_row(app);

    let shown = follow_stage(app);
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        browser::focus("panel");
    };
    view! {
        <a class="skip" href="#panel" on:click=skip>{tr!(app, skip)}</a>
        <div class="shell">
            <Top/>
            <Rail/>
            <main>
                <div
                    id="panel" class="panel" role="tabpanel" tabindex="-1"
                    aria-labelledby=move || format!("tab-{}", app.stage.get().word())
                >
                    <div class="panel-inner">
                        {move || shown.get().map(|make| make())}
                    </div>
                </div>
                <Notices/>
            </main>
            <Status/>
        </div>
        <p class="unseen" aria-live="polite" data-testid="announcement">{move || app.announcement.get()}</p>
    }
}

/// What makes the view of the stage that was chosen; until its module is here, the one before it stays.
fn follow_stage(app: App) -> RwSignal<Option<views::Make>> {
    let shown = RwSignal::new(None);
    effect(move || {
        let stage = app.stage.get();
        spawn_local(async move {
            let outcome = views::load(stage).await;
            if app.stage.get_untracked() != stage {
                return;
            }
            match outcome {
                Ok(make) => shown.set(Some(make)),
                Err(error) => app.tell(NoticeKind::Error(Box::new(actions::page_error(error.to_string())))),
            }
        });
    });
    // Who has begun to work will look at all of it, perhaps without a net by then.
    let has_begun = Memo::new(move |_| app.data.table.with(Option::is_some) || app.result.model.with(Option::is_some));
    effect(move || {
        if has_begun.get() {
            spawn_local(async {
                for stage in Stage::ALL {
                    // What does not come now is asked for again, and missed, when it is wanted.
                    let _ = views::load(stage).await;
                }
            });
        }
    });
    shown
}

/// Name, what is on show, switches.
#[component]
fn Top() -> impl IntoView {
    let app = app();
    let table = move || {
        app.data.table.with(|table| {
            let table = table.as_ref()?;
            let (rows, columns) = (format::count(table.n_rows), table.columns.len().to_string());
            let size = fill(app.text().size, &[("rows", &rows), ("columns", &columns)]);
            Some(view! { <span class="chip"><b>{crate::text::shortened(&table.name, 40)}</b>{size}</span> })
        })
    };
    let model = move || {
        app.result.model.with(|trained| {
            let model = &trained.as_ref()?.model;
            let name = app.kind_title(&model.kind);
            Some(view! { <span class="chip"><b>{name}</b>{model.target.as_deref().map(|target| format!("→ {}", crate::text::shortened(target, 24)))}</span> })
        })
    };
    let next_theme = move |_| {
        app.theme.update(|theme| {
            *theme = match theme {
                Theme::Auto => Theme::Light,
                Theme::Light => Theme::Dark,
                Theme::Dark => Theme::Auto,
            }
        });
    };
    let theme_name = move || {
        let texts = app.text();
        match app.theme.get() {
            Theme::Auto => texts.theme_auto,
            Theme::Light => texts.theme_light,
            Theme::Dark => texts.theme_dark,
        }
    };
    view! {
        <header class="top">
            <span class="brand"><Logo/><span class="wordmark">"Vitrine"</span></span>
            <div class="on-show">{table}{model}</div>
            <div class="switches">
                <button
                    class="ghost small" data-testid="language" lang=move || other(app.lang.get()).tag()
                    on:click:target=move |_| settings::speak(app, other(app.lang.get_untracked()))
                >
                    {move || if app.lang.get() == Lang::En { "中文" } else { "English" }}
                </button>
                <button class="ghost small icon-only" data-testid="theme" aria-label=theme_name title=theme_name on:click:target=next_theme>
                    {move || match app.theme.get() {
                        Theme::Auto => view! { <Icon name="auto"/> },
                        Theme::Light => view! { <Icon name="light"/> },
                        Theme::Dark => view! { <Icon name="dark"/> },
                    }}
                </button>
            </div>
        </header>
    }
}

fn other(lang: Lang) -> Lang {
    match lang {
        Lang::En => Lang::Zh,
        Lang::Zh => Lang::En,
    }
}

/// The stages. One stop for the Tab key; arrows go from stage to stage.
#[component]
fn Rail() -> impl IntoView {
    let app = app();
    let on_key = move |event: KeyboardEvent| {
        let here = Stage::ALL.iter().position(|stage| *stage == app.stage.get_untracked()).unwrap_or(0);
        let last = Stage::ALL.len() - 1;
        let next = match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => {
                if here == last {
                    0
                } else {
                    here + 1
                }
            }
            "ArrowUp" | "ArrowLeft" => here.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        app.stage.set(Stage::ALL[next]);
        browser::focus(&format!("tab-{}", Stage::ALL[next].word()));
    };
    let is_done = move |stage: Stage| match stage {
        Stage::Data => app.data.table.with(Option::is_some),
        Stage::Prepare | Stage::Train => app.result.model.with(Option::is_some),
        Stage::Evaluate => app.result.evaluation.with(Option::is_some),
        Stage::Explain => app.result.path.with(Option::is_some),
        Stage::Predict | Stage::Export => false,
    };
    let tab = move |stage: Stage| {
        let is_here = move || app.stage.get() == stage;
        view! {
            <button
                role="tab" id=format!("tab-{}", stage.word()) class="rail-tab" aria-controls="panel"
                aria-selected=move || is_here().to_string() tabindex=move || if is_here() { 0 } else { -1 }
                class:done=move || is_done(stage)
                on:click:target=move |_| app.stage.set(stage)
            >
                <span class="rail-mark"><Icon name=stage.word()/></span>
                <span class="rail-name">{move || stage.title(app.text())}</span>
            </button>
        }
    };
    view! {
        <nav class="rail" aria-label=tr!(app, stages)>
            <div role="tablist" aria-label=tr!(app, stages) aria-orientation="vertical" on:keydown=on_key>
                {Stage::ALL.into_iter().map(tab).views()}
            </div>
        </nav>
    }
}

/// Which device answers and why, what is under way, and that nothing leaves the machine.
#[component]
fn Status() -> impl IntoView {
    let app = app();
    let device = move || match app.device.get() {
        None => app.text().engine_starting.to_owned(),
        Some(device) => {
            let kind = if device.kind == DeviceKind::WebGpu { "WebGPU" } else { app.text().device_cpu };
            match device.fallback_reason {
                Some(reason) => format!("{kind} · {reason}"),
                None if device.name == kind => kind.to_owned(),
                None => format!("{kind} · {}", device.name),
            }
        }
    };
    let job = move || {
        app.job.get().map(|job| {
            let texts = app.text();
            let what = match job.kind {
                JobKind::Load => texts.job_load,
                JobKind::Train => texts.job_train,
                JobKind::Search => texts.job_search,
                JobKind::Rates => texts.job_rates,
                JobKind::Profile => texts.job_profile,
                JobKind::Smaller => texts.job_smaller,
                JobKind::Predict => texts.job_predict,
                JobKind::Project => texts.job_project,
            };
            let share = job.progress.fraction.clamp(0.0, 1.0);
            let detail = match (job.progress.epoch, job.progress.n_epochs) {
                (Some(done), Some(n_fits)) if job.kind == JobKind::Search => {
                    let best = job.progress.best_score.map_or("–".to_owned(), |score| format::fixed(score, 3));
                    fill(texts.search_so_far, &[("n", &done.to_string()), ("of", &n_fits.to_string()), ("best", &best)])
                }
                (Some(epoch), Some(n_epochs)) => format!("{} {epoch}/{n_epochs}", texts.epoch),
                _ => spoken(&job.progress.message),
            };
            let left = job.progress.eta_ms.map(|eta| fill(texts.time_left, &[("time", &format::millis(eta))]));
            view! {
                <div class="job" data-testid="job">
                    <span>{what}</span>
                    <progress max="1" value=format::Short(share).to_string() aria-label=what></progress>
                    <span class="numbers">{format::fixed(share * 100.0, 0) + "%"}</span>
                    <span class="quiet job-detail">{detail}{left.map(|left| format!(" · {left}"))}</span>
                    <button class="ghost small" data-testid="cancel" on:click:target=move |_| actions::cancel()>
                        {texts.cancel}
                    </button>
                </div>
            }
        })
    };
    view! {
        <footer class="status">
            <span class="device" class:ready=move || app.device.with(Option::is_some) data-testid="device" title=device>
                {device}
            </span>
            {job}
            <views::Memory/>
            <span class="private">
                {move || if app.online.get() { app.text().private } else { app.text().private_offline }}
            </span>
        </footer>
    }
}
