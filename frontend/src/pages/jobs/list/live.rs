//! A list that stays as the server has it.

use annex_openapi::jobs::Job;

/// The list after its first jobs were read anew; `is_all` where there are no more than those. The newest stand first.
pub fn refreshed(shown: &[Job], fresh: Vec<Job>, is_all: bool) -> Vec<Job> {
    let Some(last) = fresh.last().map(|job| job.id).filter(|_| !is_all) else { return fresh };
    let older = shown.iter().filter(|job| job.id < last).cloned();
    let mut all = fresh.clone();
    all.extend(older);
    all
}

/// How long to wait before the next look: longer each time that nothing has changed.
pub struct Patience {
    /// How many looks found nothing new.
    idle: u32,
    /// How many beats to let pass.
    beats: u32,
}

impl Patience {
    /// The next look is at the next beat.
    pub fn new() -> Self {
        Self { idle: 0, beats: 0 }
    }

    /// Whether it is time to look.
    pub fn is_over(&mut self) -> bool {
        let is_over = self.beats == 0;
        self.beats = self.beats.saturating_sub(1);
        is_over
    }

    /// Takes note of what a look found.
    pub fn found(&mut self, is_new: bool) {
        self.idle = if is_new { 0 } else { self.idle + 1 };
        // Every 2 s while something happens, and every 10 s where nothing has for a while.
        self.beats = (self.idle / 5).min(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::jobs::state::fixture;

    fn ids(jobs: &[Job]) -> Vec<u128> {
        jobs.iter().map(|job| job.id.as_u128()).collect()
    }

    #[test]
    fn new_jobs_come_in_front_and_older_ones_stay() {
        let job = |id: u128| fixture(id, serde_json::json!({}));
        let shown: Vec<Job> = [5, 4, 3, 2, 1].map(job).into();
        assert_eq!(ids(&refreshed(&shown, [7, 6, 4].map(job).into(), false)), [7, 6, 4, 3, 2, 1]);
        assert_eq!(ids(&refreshed(&shown, [5, 1].map(job).into(), true)), [5, 1]);
        assert!(refreshed(&shown, Vec::new(), true).is_empty());
    }

    #[test]
    fn who_sees_nothing_new_looks_less_often() {
        let mut patience = Patience::new();
        let mut looks = 0;
        for _ in 0..60 {
            if patience.is_over() {
                looks += 1;
                patience.found(false);
            }
        }
        assert!((15..30).contains(&looks), "{looks}");
        patience.found(true);
        assert!(patience.is_over());
    }
}
