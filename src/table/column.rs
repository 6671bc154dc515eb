//! A typed column: numbers as f64, categories as codes, times as milliseconds, texts in one arena.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers.
    Numeric,
    /// A small set of names.
    Categorical,
    /// Points in time.
    Datetime,
    /// Yes or no.
    Boolean,
    /// Anything else.
    Text,
}

/// A column with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Unique in its table.
    pub name: String,
    /// Its cells.
    pub data: ColumnData,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// Finite numbers; NaN is a missing cell.
    Numeric(Vec<f64>),
    /// Positions in `levels`; [`ColumnData::MISSING_CODE`] is a missing cell. Levels are in order of first occurrence.
    Categorical {
        /// One per row.
        codes: Vec<u32>,
        /// The names, each once.
        levels: Vec<String>,
    },
    /// Milliseconds since 1970-01-01T00:00:00Z; [`ColumnData::MISSING_TIME`] is a missing cell.
    Datetime(Vec<i64>),
    /// 0 or 1; [`ColumnData::MISSING_FLAG`] is a missing cell. `labels` are the words the file used for them.
    Boolean {
        /// One per row.
        flags: Vec<u8>,
        /// The word for no and the word for yes.
        labels: [String; 2],
    },
    /// Texts.
    Text(TextColumn),
}

/// Texts of any length in one arena.
#[derive(Clone, Debug, PartialEq)]
pub struct TextColumn {
    bytes: String,
    /// `ends[i]` is where text `i` ends; one per row.
    ends: Vec<usize>,
    /// Whether text `i` is missing; one bit per row.
    missing: Vec<u64>,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// A number.
    Number(f64),
    /// A category or a text.
    Text(&'a str),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Yes or no.
    Flag(bool),
}

impl Column {
    /// Cells.
    pub fn n_rows(&self) -> usize {
        match &self.data {
            ColumnData::Numeric(values) => values.len(),
            ColumnData::Categorical { codes, .. } => codes.len(),
            ColumnData::Datetime(times) => times.len(),
            ColumnData::Boolean { flags, .. } => flags.len(),
            ColumnData::Text(texts) => texts.ends.len(),
        }
    }

    /// What it holds.
    pub fn kind(&self) -> ColumnKind {
        match &self.data {
            ColumnData::Numeric(_) => ColumnKind::Numeric,
            ColumnData::Categorical { .. } => ColumnKind::Categorical,
            ColumnData::Datetime(_) => ColumnKind::Datetime,
            ColumnData::Boolean { .. } => ColumnKind::Boolean,
            ColumnData::Text(_) => ColumnKind::Text,
        }
    }

    /// The cell of a row.
    ///
    /// **Panics** when there is no such row.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match &self.data {
            ColumnData::Numeric(values) => match values[row] {
                x if x.is_nan() => Cell::Missing,
                x => Cell::Number(x),
            },
            ColumnData::Categorical { codes, levels } => match codes[row] {
                ColumnData::MISSING_CODE => Cell::Missing,
                code => Cell::Text(&levels[code as usize]),
            },
            ColumnData::Datetime(times) => match times[row] {
                ColumnData::MISSING_TIME => Cell::Missing,
                millis => Cell::Time(millis),
            },
            ColumnData::Boolean { flags, .. } => match flags[row] {
                ColumnData::MISSING_FLAG => Cell::Missing,
                flag => Cell::Flag(flag == 1),
            },
            ColumnData::Text(texts) => texts.get(row).map_or(Cell::Missing, Cell::Text),
        }
    }
}

impl ColumnData {
    /// The code of a missing category.
    pub const MISSING_CODE: u32 = u32::MAX;
    /// The time of a missing point in time.
    pub const MISSING_TIME: i64 = i64::MIN;
    /// The flag of a missing yes or no.
    pub const MISSING_FLAG: u8 = 255;

    /// Makes it `n_rows` long: cuts off cells, or adds missing ones.
    pub(crate) fn resize(&mut self, n_rows: usize) {
        match self {
            Self::Numeric(values) => values.resize(n_rows, f64::NAN),
            Self::Categorical { codes, .. } => codes.resize(n_rows, Self::MISSING_CODE),
            Self::Datetime(times) => times.resize(n_rows, Self::MISSING_TIME),
            Self::Boolean { flags, .. } => flags.resize(n_rows, Self::MISSING_FLAG),
            Self::Text(texts) => texts.resize(n_rows),
        }
    }

    /// Gives back room that was made for more rows than came, where it is worth a copy.
    pub(crate) fn shrink(&mut self) {
        fn shrink<T>(values: &mut Vec<T>) {
            if values.capacity() > values.len() + values.len() / 16 + 64 {
                values.shrink_to_fit();
            }
        }
        match self {
            Self::Numeric(values) => shrink(values),
            Self::Categorical { codes, .. } => shrink(codes),
            Self::Datetime(times) => shrink(times),
            Self::Boolean { flags, .. } => shrink(flags),
            Self::Text(texts) => {
                shrink(&mut texts.ends);
                if texts.bytes.capacity() > texts.bytes.len() + texts.bytes.len() / 16 + 64 {
                    texts.bytes.shrink_to_fit();
                }
            }
        }
    }

    /// Bytes the cells take.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Numeric(values) => values.capacity() * size_of::<f64>(),
            Self::Categorical { codes, levels } => {
                codes.capacity() * size_of::<u32>()
                    + levels.iter().map(|level| level.capacity() + size_of::<String>()).sum::<usize>()
            }
            Self::Datetime(times) => times.capacity() * size_of::<i64>(),
            Self::Boolean { flags, .. } => flags.capacity(),
            Self::Text(texts) => {
                texts.bytes.capacity()
                    + texts.ends.capacity() * size_of::<usize>()
                    + texts.missing.capacity() * size_of::<u64>()
            }
        }
    }
}

impl TextColumn {
    /// No texts yet, with room for some.
    pub fn with_capacity(n_rows: usize, n_bytes: usize) -> Self {
        Self {
            bytes: String::with_capacity(n_bytes),
            ends: Vec::with_capacity(n_rows),
            missing: Vec::with_capacity(n_rows.div_ceil(64)),
        }
    }

    /// No texts yet, with room for as many as there is memory for: the numbers are estimates.
    pub(crate) fn with_room(n_rows: usize, n_bytes: usize) -> Self {
        let mut texts = Self::with_capacity(0, 0);
        // A failure here is no failure: room is made as texts come.
        let _ = texts.ends.try_reserve_exact(n_rows);
        let _ = texts.missing.try_reserve_exact(n_rows.div_ceil(64));
        let _ = texts.bytes.try_reserve_exact(n_bytes);
        texts
    }

    /// Cuts off texts, or adds missing ones.
    fn resize(&mut self, n_rows: usize) {
        if n_rows < self.ends.len() {
            self.ends.truncate(n_rows);
            self.missing.truncate(n_rows.div_ceil(64));
            if let Some(last) = self.missing.last_mut().filter(|_| !n_rows.is_multiple_of(64)) {
                *last &= (1 << (n_rows % 64)) - 1;
            }
            self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        }
        (self.ends.len()..n_rows).for_each(|_| self.push(None));
    }

    /// Adds a text, or a missing one.
    pub fn push(&mut self, text: Option<&str>) {
        let row = self.ends.len();
        // Room is made by eighths: large arenas are not to double.
        if row == self.ends.capacity() {
            self.ends.reserve_exact(row / 8 + 64);
        }
        let n_bytes = text.map_or(0, str::len);
        if self.bytes.capacity() - self.bytes.len() < n_bytes {
            self.bytes.reserve_exact(n_bytes + self.bytes.len() / 8 + 256);
        }
        if row.is_multiple_of(64) {
            self.missing.push(0);
        }
        match text {
            Some(text) => self.bytes.push_str(text),
            None => self.missing[row / 64] |= 1 << (row % 64),
        }
        self.ends.push(self.bytes.len());
    }

    /// Texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A text, unless it is missing.
    ///
    /// **Panics** when there is no such row.
    ///
    /// ```
    /// let mut texts = vitrine::table::TextColumn::with_capacity(2, 8);
    /// texts.push(Some("007"));
    /// texts.push(None);
    /// assert_eq!((texts.get(0), texts.get(1)), (Some("007"), None));
    /// ```
    pub fn get(&self, row: usize) -> Option<&str> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        let text = &self.bytes[start..self.ends[row]];
        (self.missing[row / 64] >> (row % 64) & 1 == 0).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_cell_is_told_from_an_empty_text() {
        let mut texts = TextColumn::with_capacity(0, 0);
        for row in 0..130 {
            texts.push((row % 3 != 0).then_some(if row % 2 == 0 { "" } else { "ab" }));
        }
        assert_eq!(texts.get(0), None);
        assert_eq!(texts.get(2), Some(""));
        assert_eq!(texts.get(1), Some("ab"));
        assert_eq!(texts.get(129), None);
    }
}
