//! Prints `www/vitrine.d.ts`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(vitrine_protocol::types::declarations().as_bytes())
}
