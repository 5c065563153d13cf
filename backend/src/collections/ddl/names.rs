//! Names that Annex makes up: within Postgres's 63 bytes, and not taken.

use xxhash_rust::xxh3::xxh3_64;

/// The longest name that Postgres keeps whole, in bytes.
pub(in crate::collections) const LONGEST: usize = 63;

/// The parts and the ending, joined with underscores. What is too long is cut and gets a hash of the whole, and
/// so does what is taken.
pub(in crate::collections) fn make(parts: &[&str], ending: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut whole: Vec<&str> = parts.to_vec();
    if !ending.is_empty() {
        whole.push(ending);
    }
    let whole = whole.join("_");
    if whole.len() <= LONGEST && !taken(&whole) {
        return whole;
    }
    let stem = parts.join("_");
    (0_u32..)
        .map(|attempt| {
            let hash = xxh3_64(format!("{whole} {attempt}").as_bytes()) as u32;
            let ending =
                if ending.is_empty() { format!("_{hash:08x}") } else { format!("_{hash:08x}_{ending}") };
            let mut end = stem.len().min(LONGEST - ending.len());
            while !stem.is_char_boundary(end) {
                end -= 1;
            }
            format!("{}{ending}", &stem[..end])
        })
        .find(|name| !taken(name))
        .expect("of all hashes one is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_parts_where_it_can_be() {
        assert_eq!(make(&["posts", "author"], "idx", |_| false), "posts_author_idx");
        assert_eq!(make(&["posts", "status"], "", |_| false), "posts_status");
    }

    #[test]
    fn a_long_or_a_taken_name_gets_a_hash() {
        let long = "x".repeat(60);
        let name = make(&[&long, "author"], "idx", |_| false);
        assert_eq!(name.len(), 63);
        assert!(name.ends_with("_idx"));
        assert_ne!(name, make(&[&long, "editor"], "idx", |_| false));
        let other = make(&["posts", "author"], "idx", |name| name == "posts_author_idx");
        assert!(other.starts_with("posts_author_") && other.ends_with("_idx"), "{other}");
        let umlauts = "ü".repeat(40);
        assert!(make(&[&umlauts], "key", |_| false).len() <= LONGEST);
    }
}
