//! Which pieces of the program share a file. A piece is needed by some visits (those of a visit); a file is loaded whole by every visit that
//! needs anything in it. Many files are many requests, few files are bytes that a visit has no use for.

/// What a request costs, in bytes (before compression) that might be loaded in its stead.
const REQUEST: i64 = 8 * 1024;

/// A file in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The visits that need it, a bit each.
    pub visits: u64,
    /// Its size.
    pub bytes: i64,
    /// The numbers of its pieces.
    pub pieces: Vec<usize>,
}

/// Puts pieces together as long as the visits, all taken as one, gain by it. Each piece is given by its visits and its size.
pub fn pieces(pieces: &[(u64, u64)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, &(visits, bytes)) in pieces.iter().enumerate() {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        match groups.iter_mut().find(|group| group.visits == visits) {
            Some(group) => group.join(Group { visits, bytes, pieces: vec![number] }),
            None => groups.push(Group { visits, bytes, pieces: vec![number] }),
        }
    }
    while let Some((one, other)) = best_pair(&groups) {
        let joined = groups.swap_remove(other);
        groups[one].join(joined);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.bytes));
    groups
}

fn best_pair(groups: &[Group]) -> Option<(usize, usize)> {
    let pairs = (1..groups.len()).flat_map(|other| (0..other).map(move |one| (one, other)));
    pairs
        .map(|(one, other)| (groups[one].cost_of_joining(&groups[other]), one, other))
        .min()
        .filter(|(cost, ..)| *cost < 0)
        .map(|(_, one, other)| (one, other))
}

impl Group {
    /// The bytes that visits load for nothing, less the requests that they save.
    fn cost_of_joining(&self, other: &Self) -> i64 {
        let visits = |set: u64| i64::from(set.count_ones());
        visits(other.visits & !self.visits) * self.bytes + visits(self.visits & !other.visits) * other.bytes
            - visits(self.visits & other.visits) * REQUEST
    }

    fn join(&mut self, other: Self) {
        self.visits |= other.visits;
        self.bytes += other.bytes;
        self.pieces.extend(other.pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn grouped(of: &[(u64, u64)]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = pieces(of)
            .into_iter()
            .map(|mut group| {
                group.pieces.sort_unstable();
                group.pieces
            })
            .collect();
        groups.sort();
        groups
    }

    #[test]
    fn pieces_of_the_same_visits_are_one_file() {
        assert_eq!(grouped(&[(0b11, 900_000), (0b01, 500_000), (0b11, 1)]), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn a_large_piece_is_not_put_upon_a_visit_that_has_no_use_for_it() {
        assert_eq!(
            grouped(&[(0b01, 500_000), (0b10, 500_000), (0b11, 500_000)]),
            [vec![0], vec![1], vec![2]]
        );
    }

    #[test]
    fn a_small_piece_is_worth_no_request() {
        assert_eq!(grouped(&[(0b011, 500_000), (0b001, 100)]), [vec![0, 1]]);
    }

    #[test]
    fn visits_that_have_nothing_in_common_share_nothing() {
        assert_eq!(grouped(&[(0b01, 1), (0b10, 1)]), [vec![0], vec![1]]);
    }
}
