//! Which transactions a snapshot of Postgres sees.

use std::str::FromStr;

/// A snapshot, as `pg_current_snapshot()` writes it: `10:20:10,14,15`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Every transaction before this one had ended.
    least: u64,
    /// None from this one on had.
    next: u64,
    /// Those between that had not.
    running: Vec<u64>,
}

/// The text is not a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a snapshot of Postgres")]
pub struct Malformed;

impl Seen {
    /// Whether what a transaction did that has been committed is seen. The log numbers transactions with 32 bits, so it must be one of
    /// the last two thousand million.
    pub fn sees(&self, transaction: u32) -> bool {
        const ROUND: u64 = 1 << 32;
        let near = self.next & !(ROUND - 1) | u64::from(transaction);
        let transaction = if near >= self.next + ROUND / 2 {
            near.saturating_sub(ROUND)
        } else if near + ROUND / 2 < self.next {
            near + ROUND
        } else {
            near
        };
        transaction < self.least || transaction < self.next && !self.running.contains(&transaction)
    }
}

impl FromStr for Seen {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.split(':');
        let (Some(least), Some(next), Some(running), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        let number = |text: &str| text.parse().map_err(|_| Malformed);
        let running = running.split(',').filter(|one| !one.is_empty()).map(number);
        Ok(Self { least: number(least)?, next: number(next)?, running: running.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_ended_is_seen() {
        let seen: Seen = "10:20:10,14,15".parse().unwrap();
        let found: Vec<u32> = (8..22).filter(|transaction| seen.sees(*transaction)).collect();
        assert_eq!(found, [8, 9, 11, 12, 13, 16, 17, 18, 19]);
        assert!("20:20:".parse::<Seen>().unwrap().sees(19));
    }

    #[test]
    fn numbers_go_round() {
        let round = 1u64 << 32;
        let seen: Seen = format!("{}:{}:{}", round - 2, round + 3, round + 1).parse().unwrap();
        for (transaction, expected) in
            [(u32::MAX - 2, true), (u32::MAX, true), (0, true), (1, false), (2, true), (3, false), (9, false)]
        {
            assert_eq!(seen.sees(transaction), expected, "{transaction}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in ["", "1:2", "1:2:x", "1:2:3:4", "a:2:"] {
            assert_eq!(wrong.parse::<Seen>(), Err(Malformed), "{wrong}");
        }
    }
}
