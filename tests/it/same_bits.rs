//! The fits of `tests/web/reference_fits.rs`, natively: the same digests as in a browser.

#[path = "../web/reference_fits.rs"]
mod reference_fits;

use vitrine::train::block_on;

#[test]
fn fits_have_the_bits_checked_in() {
    let digests = block_on(reference_fits::digests());
    let digests: Vec<(&str, &str)> = digests.iter().map(|(name, digest)| (*name, digest.as_str())).collect();
    assert_eq!(digests, reference_fits::EXPECTED);
}
