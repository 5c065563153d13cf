//! Whether the changes of a collection are told.

use annex_openapi::collections::Lock;

use super::Planner;
use crate::collections::ddl::statements;

impl Planner {
    /// Has changes of a collection told from now on, or not any more.
    pub(in crate::collections) fn set_realtime(&mut self, collection: &str, wanted: bool, pointer: &str) {
        let Some(entry) = self.after.entries.get_mut(collection) else { return };
        if entry.collection.realtime == wanted {
            return;
        }
        if entry.is_view() {
            let detail = "Changes of a view are in no log: subscribe to the tables that it reads";
            return self.error(pointer, "not_allowed", detail);
        }
        entry.collection.realtime = wanted;
        let sql = statements::set_realtime(&entry.table(), wanted);
        self.step(sql, Lock::Brief);
    }
}
