//! How many calls each host has to answer at once: nobody's jobs make this server a burden to another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of each host.
#[derive(Debug)]
pub(super) struct Places {
    per_host: usize,
    /// Of the hosts that are being called.
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Places {
    pub(super) fn new(per_host: usize) -> Self {
        Self { per_host, hosts: Mutex::default() }
    }

    /// A place at that host, as soon as one is free.
    pub(super) async fn take(&self, host: String) -> OwnedSemaphorePermit {
        self.of(host).acquire_owned().await.expect("the places of a host are never closed")
    }

    fn of(&self, host: String) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = hosts.get(&host).and_then(Weak::upgrade) {
            return places;
        }
        hosts.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.per_host));
        hosts.insert(host, Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hosts_that_are_not_called_any_more_are_forgotten() {
        let places = Places::new(2);
        for n in 0..100 {
            drop(places.take(n.to_string()).await);
        }
        let _first = places.take("a".to_owned()).await;
        let _other = places.take("b".to_owned()).await;
        assert_eq!(places.hosts.lock().unwrap().len(), 2);
        assert_eq!(places.of("a".to_owned()).available_permits(), 1);
    }
}
