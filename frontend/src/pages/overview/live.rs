//! The numbers of the overview, asked for again and again.

use std::sync::Arc;

use annex_openapi::stats::{CollectionSize, Resolution, StatsBucket};
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::series::{Point, Range, extend, points};
use crate::api::{Api, ApiError};
use crate::poll;

/// What is known of the server's load.
#[derive(Clone, Copy)]
pub struct Live {
    api: Api,
    range: Memo<Range>,
    seconds: RwSignal<Vec<StatsBucket>>,
    minutes: RwSignal<Vec<StatsBucket>>,
    /// Which server counted.
    instance: StoredValue<Option<Uuid>>,
    /// How large the collections are; `None` until that is known.
    pub collections: RwSignal<Option<Vec<CollectionSize>>>,
    /// Why the last question has no answer.
    pub failure: RwSignal<Option<ApiError>>,
}

impl Live {
    /// Asks now, and again whenever a bucket has ended.
    pub fn start(api: Api, range: Memo<Range>) -> Self {
        let this = Self {
            api,
            range,
            seconds: RwSignal::new(Vec::new()),
            minutes: RwSignal::new(Vec::new()),
            instance: StoredValue::new(None),
            collections: RwSignal::new(None),
            failure: RwSignal::new(None),
        };
        // Another resolution is asked for at once.
        let resolution = Memo::new(move |_| range.get().resolution());
        Effect::new(move || {
            resolution.with(|_| ());
            this.refresh();
        });
        poll::every(10_000.0, Signal::stored(true), move || this.ask());
        this
    }

    /// Asks at once.
    pub fn refresh(self) {
        spawn_local(self.ask());
    }

    fn buckets(self, resolution: Resolution) -> RwSignal<Vec<StatsBucket>> {
        match resolution {
            Resolution::TenSeconds => self.seconds,
            Resolution::Minute => self.minutes,
        }
    }

    async fn ask(self) {
        let Some(range) = self.range.try_get_untracked() else { return };
        let resolution = range.resolution();
        let buckets = self.buckets(resolution);
        let since = buckets.with_untracked(|buckets| buckets.last().map(|bucket| bucket.at));
        let mut answer = self.api.stats(resolution, since).await;
        // Another server answers, or this one has started anew: what was known is not its own.
        if let Ok(stats) = &answer
            && self.instance.try_get_value().flatten() != Some(stats.instance)
        {
            self.instance.try_set_value(Some(stats.instance));
            self.seconds.try_set(Vec::new());
            self.minutes.try_set(Vec::new());
            if since.is_some() {
                answer = self.api.stats(resolution, None).await;
            }
        }
        match answer {
            Ok(stats) => {
                buckets.try_update(|known| extend(known, stats.buckets, resolution));
                self.collections.try_set(Some(stats.collections));
                self.failure.try_set(None);
            }
            Err(error) => drop(self.failure.try_set(Some(error))),
        }
    }

    /// The points of the range.
    pub fn points(self) -> Memo<Arc<Vec<Point>>> {
        Memo::new(move |_| {
            let range = self.range.get();
            let now = (js_sys::Date::now() / 1000.0) as i64;
            Arc::new(self.buckets(range.resolution()).with(|buckets| points(buckets, range, now)))
        })
    }
}
