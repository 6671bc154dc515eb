//! Sets of categories, as the questions of trees name them.

/// A set of categories' codes from 0 to 255.
///
/// ```
/// use vitrine::model::CategorySet;
/// let set: CategorySet = [3, 200].into_iter().collect();
/// assert!(set.contains(200) && !set.contains(4));
/// assert_eq!(set.codes().collect::<Vec<_>>(), [3, 200]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CategorySet([u32; 8]);

impl CategorySet {
    /// The set of so many bits, 32 in each word; bit `code % 32` of word `code / 32` stands for `code`.
    pub fn from_words(words: [u32; 8]) -> Self {
        Self(words)
    }

    /// Its bits, as [`CategorySet::from_words`] reads them.
    pub fn words(self) -> [u32; 8] {
        self.0
    }

    /// Puts a code in.
    pub fn insert(&mut self, code: u8) {
        self.0[usize::from(code / 32)] |= 1 << (code % 32);
    }

    /// Whether a code is in it.
    #[inline]
    pub fn contains(&self, code: u8) -> bool {
        self.0[usize::from(code / 32)] >> (code % 32) & 1 == 1
    }

    /// The codes in it, ascending.
    pub fn codes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&code| self.contains(code))
    }
}

impl FromIterator<u8> for CategorySet {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut set = Self::default();
        codes.into_iter().for_each(|code| set.insert(code));
        set
    }
}
