//! A column of words in the making: a dictionary while there are few different ones, an arena from then on.

use std::collections::HashMap;
use std::ops::Range;

use super::{ColumnIssue, Rules, excerpt, push_value, with_room};
use crate::error::Issues;
use crate::table::{ColumnData, ColumnKind, TextColumn};

/// Most categories; with more, nobody reads a chart or a model of them.
const MAX_LEVELS: usize = 10_000;
/// So few different texts are categories however rarely each occurs.
const FEW_LEVELS: usize = 20;
/// Else a category occurs this often on average.
const MIN_MEAN_COUNT: usize = 4;

/// Bytes of a text that is a number of its own.
const SHORT: usize = size_of::<u128>();

/// Pairs of words for no and yes, in lower case.
const PAIRS: &[[&str; 2]] = &[
    ["false", "true"],
    ["no", "yes"],
    ["f", "t"],
    ["n", "y"],
    ["off", "on"],
    ["否", "是"],
    ["假", "真"],
    ["错", "对"],
];

/// Texts as they come.
#[derive(Debug)]
pub(super) struct StringsBuilder {
    kind: Option<ColumnKind>,
    /// The codes of short texts, which most words are: such a text is one number, and no text is compared. The order of
    /// both is never seen.
    short: HashMap<u128, u32, rustc_hash::FxBuildHasher>,
    /// The codes of longer ones.
    long: HashMap<Box<str>, u32, rustc_hash::FxBuildHasher>,
    levels: Vec<String>,
    codes: Vec<u32>,
    n_missing: usize,
    n_rows_expected: usize,
    /// Takes over from the dictionary when there are too many different texts.
    texts: Option<TextColumn>,
}

impl StringsBuilder {
    /// A builder of a kind, or one that finds out.
    pub(super) fn new(kind: Option<ColumnKind>, n_rows_expected: usize) -> Self {
        let is_text = kind == Some(ColumnKind::Text);
        Self {
            kind,
            short: HashMap::default(),
            long: HashMap::default(),
            levels: Vec::new(),
            codes: if is_text { Vec::new() } else { with_room(n_rows_expected) },
            n_missing: 0,
            n_rows_expected,
            texts: is_text.then(|| TextColumn::with_room(n_rows_expected, 0)),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, cell: &str, rules: &Rules) {
        let is_missing = rules.is_missing(cell);
        if let Some(texts) = &mut self.texts {
            texts.push((!is_missing).then_some(cell));
        } else if is_missing {
            self.n_missing += 1;
            push_value(&mut self.codes, ColumnData::MISSING_CODE);
        } else if let Some(code) = self.code(cell) {
            push_value(&mut self.codes, code);
        } else {
            self.add_level(cell);
        }
    }

    /// Takes the bytes `cell` of a text if they are a short word that is in the dictionary; whether they were.
    #[inline]
    pub(super) fn push_usual(&mut self, text: &[u8], cell: &Range<usize>) -> bool {
        let Some(tail) = text[..cell.end].last_chunk() else { return false };
        let Some(&code) = short_key(tail, cell.len()).and_then(|key| self.short.get(&key)) else { return false };
        push_value(&mut self.codes, code);
        true
    }

    /// The code of a text that is in the dictionary.
    fn code(&self, cell: &str) -> Option<u32> {
        match key_of(cell) {
            Some(key) => self.short.get(&key).copied(),
            None => self.long.get(cell).copied(),
        }
    }

    #[cold]
    fn add_level(&mut self, cell: &str) {
        let code = self.levels.len() as u32;
        match key_of(cell) {
            Some(key) => self.short.insert(key, code),
            None => self.long.insert(cell.into(), code),
        };
        self.levels.push(cell.to_owned());
        push_value(&mut self.codes, code);
        if self.kind.is_none() && self.levels.len() > MAX_LEVELS {
            self.texts = Some(self.spelt_out());
            (self.short, self.long, self.levels, self.codes) = Default::default();
        }
    }

    /// The dictionary's cells as texts, with room for the rows to come.
    fn spelt_out(&self) -> TextColumn {
        let lengths = self.codes.iter().filter_map(|&code| self.levels.get(code as usize)).map(String::len);
        let n_bytes: usize = lengths.sum();
        let n_rows = self.codes.len().max(self.n_rows_expected);
        let share = n_rows as f64 / self.codes.len().max(1) as f64;
        // The last eighth is for rows that are longer than those so far.
        let mut texts = TextColumn::with_room(n_rows, (n_bytes as f64 * share * 1.02) as usize);
        self.codes.iter().for_each(|&code| texts.push(self.levels.get(code as usize).map(String::as_str)));
        texts
    }

    pub(super) fn settle(mut self, name: &str, issues: &mut Issues) -> ColumnData {
        if let Some(texts) = self.texts {
            return ColumnData::Text(texts);
        }
        let n_present = self.codes.len() - self.n_missing;
        match self.kind {
            Some(ColumnKind::Boolean) => self.settle_flags(name, issues),
            Some(_) => ColumnData::Categorical { codes: self.codes, levels: self.levels },
            None => {
                if let Some(order) = pair_of(&self.levels) {
                    return self.flags(order);
                }
                let n_levels = self.levels.len();
                if n_levels <= FEW_LEVELS || n_levels * MIN_MEAN_COUNT <= n_present {
                    ColumnData::Categorical { codes: self.codes, levels: self.levels }
                } else {
                    self.n_rows_expected = 0;
                    ColumnData::Text(self.spelt_out())
                }
            }
        }
    }

    /// Flags from a dictionary whose levels are `no` and `yes` where `order` says.
    fn flags(self, order: Order) -> ColumnData {
        let flag = |code: u32| match code {
            ColumnData::MISSING_CODE => ColumnData::MISSING_FLAG,
            code => order.flags.get(code as usize).copied().unwrap_or(ColumnData::MISSING_FLAG),
        };
        ColumnData::Boolean { flags: self.codes.iter().map(|&code| flag(code)).collect(), labels: order.labels }
    }

    /// Flags because they were asked for: of known words and of 0 and 1, or of any two words.
    fn settle_flags(self, name: &str, issues: &mut Issues) -> ColumnData {
        if let Some(order) = pair_of(&self.levels) {
            return self.flags(order);
        }
        let value = |word: &str| {
            let word = word.trim().to_lowercase();
            let is_in = |side: usize| PAIRS.iter().any(|pair| pair[side] == word) || word.parse() == Ok(side as f64);
            (0..2).find(|&side| is_in(side)).map(|side| side as u8)
        };
        let mut flags: Vec<Option<u8>> = self.levels.iter().map(|level| value(level)).collect();
        if flags.iter().all(Option::is_none) && flags.len() == 2 {
            let is_second = self.levels[0] > self.levels[1];
            flags = vec![Some(u8::from(is_second)), Some(u8::from(!is_second))];
        }
        let label = |side: u8, default: &str| {
            let level = flags.iter().position(|&flag| flag == Some(side)).map(|idx| self.levels[idx].trim());
            level.unwrap_or(default).to_owned()
        };
        let labels = [label(0, "false"), label(1, "true")];
        for ((level, code), _) in self.levels.iter().zip(0..).zip(&flags).filter(|(_, flag)| flag.is_none()) {
            let n = self.codes.iter().filter(|&&other| other == code).count();
            issues.push_many(ColumnIssue::BadFlag { column: name.to_owned(), cell: excerpt(level) }, n as u64);
        }
        let flags = flags.iter().map(|flag| flag.unwrap_or(ColumnData::MISSING_FLAG)).collect();
        self.flags(Order { flags, labels })
    }
}

/// A text of at most [`SHORT`] bytes, the last of `tail`, as a number. No text has a NUL, so no two have the same.
fn short_key(tail: &[u8; SHORT], n_bytes: usize) -> Option<u128> {
    let n_other = SHORT.checked_sub(n_bytes).filter(|&n| n < SHORT)?;
    Some(u128::from_le_bytes(*tail) >> (8 * n_other))
}

/// A short text as a number.
fn key_of(text: &str) -> Option<u128> {
    let mut tail = [0; SHORT];
    let start = SHORT.checked_sub(text.len())?;
    tail[start..].copy_from_slice(text.as_bytes());
    short_key(&tail, text.len())
}

/// Which level is no and which is yes.
struct Order {
    flags: Vec<u8>,
    labels: [String; 2],
}

/// The order of two levels that form a known pair; of `true` or `false` alone as well.
fn pair_of(levels: &[String]) -> Option<Order> {
    let lower: Vec<String> = levels.iter().map(|level| level.trim().to_lowercase()).collect();
    match &lower[..] {
        [a, b] => {
            let is_yes = PAIRS.iter().find_map(|[no, yes]| match () {
                () if (a, b) == (&(*no).to_owned(), &(*yes).to_owned()) => Some(1),
                () if (b, a) == (&(*no).to_owned(), &(*yes).to_owned()) => Some(0),
                () => None,
            })?;
            let labels = [levels[1 - is_yes].trim().to_owned(), levels[is_yes].trim().to_owned()];
            Some(Order { flags: vec![1 - is_yes as u8, is_yes as u8], labels })
        }
        [only] => {
            let side = ["false", "true"].iter().position(|word| word == only)?;
            // The absent word is spelt like the present one.
            let like = |word: &str| match levels[0].trim() {
                level if level.chars().all(char::is_uppercase) => word.to_uppercase(),
                level if level.starts_with(char::is_uppercase) => word[..1].to_uppercase() + &word[1..],
                _ => word.to_owned(),
            };
            Some(Order { flags: vec![side as u8], labels: [like("false"), like("true")] })
        }
        _ => None,
    }
}
