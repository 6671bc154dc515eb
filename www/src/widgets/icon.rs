//! Line icons of our own, on a grid of 20, and the mark.

use leptos::prelude::*;

/// An icon by name; it says nothing by itself.
#[component]
pub(crate) fn Icon(
    /// Its name.
    name: &'static str,
) -> impl IntoView {
    let d = match name {
        "data" => "M4 5h12v10H4zM4 9h12M8.5 5v10",
        "prepare" => "M4 5h5M13 5h3M11 3v4M4 10h2M10 10h6M8 8v4M4 15h7M15 15h1M13 13v4",
        "train" => "M3 15c3 0 3.5-9 7-9 2.6 0 3 3 7 3M3 15h14",
        "evaluate" => "M4 4h5v5H4zM11 11h5v5h-5zM11 4h5v5h-5zM4 11h5v5H4z",
        "explain" => "M10 4v4M10 8c-4 0-5 1.500-5 4M10 8c4 0 5 1.500 5 4M8.500 4h3M3.500 12h3v3h-3zM13.500 12h3v3h-3z",
        "predict" => "M4 10h9M10 6l4 4-4 4M16.500 5v10",
        "export" => "M10 3v9M6.500 8.500 10 12l3.500-3.500M4 16h12",
        "upload" => "M10 13V4M6.500 7.500 10 4l3.500 3.500M4 16h12",
        "close" => "M5.500 5.500l9 9M14.500 5.500l-9 9",
        "up" => "M10 15V5M6 9l4-4 4 4",
        "down" => "M10 5v10M6 11l4 4 4-4",
        "undo" => "M7 4.500 3.500 8 7 11.500M3.500 8h8a4 4 0 0 1 0 8H8",
        "redo" => "M13 4.500 16.500 8 13 11.500M16.500 8h-8a4 4 0 0 0 0 8H12",
        "plus" => "M10 4v12M4 10h12",
        "minus" => "M4 10h12",
        "fit" => "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
        "arrow" => "M4 10h12M12 6l4 4-4 4",
        "check" => "M4.500 10.500l3.500 3.500 7.500-8",
        "light" => {
            "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 1 0 0-7M10 2v2M10 16v2M2 10h2M16 10h2M4.500 4.500l1.200 1.200M14.300 14.300l1.200 1.200M4.500 15.500l1.200-1.200M14.300 5.700l1.200-1.200"
        }
        "dark" => "M16 12.500A6.500 6.500 0 0 1 7.500 4 6.500 6.500 0 1 0 16 12.500z",
        "auto" => "M10 3.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 1 0 0-13M10 3.500v13M12 5v10M14 6v8",
        "more" => "M5 10h.01M10 10h.01M15 10h.01",
        _ => "",
    };
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            <path d=d fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/>
        </svg>
    }
}

/// The mark: a glass case, its glint, and a decision inside.
#[component]
pub(crate) fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
            <rect class="logo-glass" x="3" y="3" width="26" height="26" rx="6"/>
            <path class="logo-glint" d="M7.500 15V10a2.500 2.500 0 0 1 2.500-2.500h5"/>
            <path class="logo-tree" d="M16 11v3.500M16 14.500c-4 0-5 2-5 5M16 14.500c4 0 5 2 5 5"/>
            <circle class="logo-dot" cx="16" cy="10.500" r="2"/>
            <circle class="logo-dot" cx="11" cy="21" r="2.300"/>
            <circle class="logo-dot logo-dot-lit" cx="21" cy="21" r="2.300"/>
        </svg>
    }
}
