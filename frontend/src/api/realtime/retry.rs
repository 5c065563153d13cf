//! When a connection that was lost is tried again.

/// The first wait, in milliseconds.
const FIRST: f64 = 500.0;
/// The longest.
const LONGEST: f64 = 20_000.0;

/// How long to wait after so many failures, in milliseconds: twice as long each time, by chance a little less, so that the clients of a
/// server that comes back do not come at once.
pub fn wait(failures: u32, chance: f64) -> u32 {
    let most = (FIRST * f64::from(2_u32.saturating_pow(failures))).min(LONGEST);
    (most * (0.5 + chance / 2.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn each_wait_is_longer_up_to_the_longest() {
        assert_eq!([0, 1, 2, 3].map(|failures| wait(failures, 1.0)), [500, 1000, 2000, 4000]);
        assert_eq!((wait(20, 1.0), wait(u32::MAX, 1.0)), (20_000, 20_000));
        assert_eq!((wait(0, 0.0), wait(20, 0.0)), (250, 10_000));
    }
}
