//! The stages of the work, and the themes: words that ids, URL and styles share.

use crate::text::Texts;

/// A stage of the work, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Choose data.
    #[default]
    Data,
    /// Make a matrix of it.
    Prepare,
    /// Learn.
    Train,
    /// Measure.
    Evaluate,
    /// Say why.
    Explain,
    /// Answer new rows.
    Predict,
    /// Take it home.
    Export,
}

impl Stage {
    /// All stages.
    pub(crate) const ALL: [Stage; 7] =
        [Self::Data, Self::Prepare, Self::Train, Self::Evaluate, Self::Explain, Self::Predict, Self::Export];

    /// Its one word, for ids and the URL.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Prepare => "prepare",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Explain => "explain",
            Self::Predict => "predict",
            Self::Export => "export",
        }
    }

    /// The stage of a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// Its name on the rail.
    pub(crate) fn title(self, texts: &Texts) -> &'static str {
        match self {
            Self::Data => texts.stage_data,
            Self::Prepare => texts.stage_prepare,
            Self::Train => texts.stage_train,
            Self::Evaluate => texts.stage_evaluate,
            Self::Explain => texts.stage_explain,
            Self::Predict => texts.stage_predict,
            Self::Export => texts.stage_export,
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system prefers.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Its word, for the attribute and the URL.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Auto, Self::Light, Self::Dark].into_iter().find(|theme| theme.word() == word)
    }
}
