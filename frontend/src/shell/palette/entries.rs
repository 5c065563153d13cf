//! What can be chosen in the palette: every page, every collection, and what can be done from anywhere.

use annex_openapi::collections::{Collection, CollectionKind};

use crate::shell::theme::Theme;
use crate::ui::IconName;

/// What kind of thing an entry is; the palette shows them apart while nothing is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Chosen lately.
    Recent,
    /// A page of the console.
    Page,
    /// A collection.
    Collection,
    /// One of a collection's further pages: found once something is typed.
    Tab,
    /// Something to do.
    Action,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Recent => "Recent",
            Self::Page => "Pages",
            Self::Collection => "Collections",
            Self::Tab => "In collections",
            Self::Action => "Actions",
        }
    }
}

/// What choosing an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Leads to a page.
    Go(String),
    /// Chooses a theme.
    Theme(Theme),
    /// Shows the shortcuts.
    Shortcuts,
    /// Ends the session.
    SignOut,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What kind of thing it is.
    pub group: Group,
    /// Its picture.
    pub icon: IconName,
    /// What it is called.
    pub words: String,
    /// Other names that people look for it by.
    pub also: &'static str,
    /// Keys that do the same.
    pub keys: Option<&'static str>,
    /// What it does.
    pub act: Act,
}

impl Entry {
    fn new(group: Group, icon: IconName, words: impl Into<String>, act: Act) -> Self {
        Self { group, icon, words: words.into(), also: "", keys: None, act }
    }

    fn also(mut self, also: &'static str) -> Self {
        self.also = also;
        self
    }

    fn keys(mut self, keys: &'static str) -> Self {
        self.keys = Some(keys);
        self
    }
}

/// All of them.
pub fn all(collections: &[Collection]) -> Vec<Entry> {
    let page = |icon, words: &str, link: &str| Entry::new(Group::Page, icon, words, Act::Go(link.to_owned()));
    let action = |icon, words: &str, act| Entry::new(Group::Action, icon, words, act);
    let go = |link: &str| Act::Go(link.to_owned());
    let mut entries = vec![
        page(IconName::Activity, "Overview", "/").also("home dashboard charts stats").keys("g o"),
        page(IconName::Layers, "Collections", "/collections").also("tables").keys("g c"),
        page(IconName::Waypoints, "Diagram", "/collections/diagram").also("relations schema erd"),
        page(IconName::ListChecks, "Jobs", "/jobs").also("background tasks work").keys("g j"),
        page(IconName::CircleAlert, "Failed jobs", "/jobs?state=failed").also("dead errors retry"),
        page(IconName::Layers, "Queues", "/queues").also("jobs pause limits depth").keys("g q"),
        page(IconName::CalendarClock, "Schedules", "/schedules").also("jobs cron timer recurring next runs"),
        page(IconName::Workflow, "Batches", "/batches").also("jobs workflows steps graph"),
        page(IconName::Server, "Workers", "/workers").also("jobs leases"),
        page(IconName::Mail, "Outbox", "/outbox").also("mail email jobs sent"),
        page(IconName::Radio, "Realtime", "/realtime")
            .also("live messages socket subscribe feed slot connections")
            .keys("g r"),
        page(IconName::Webhook, "Hooks", "/hooks").also("before write validate").keys("g h"),
        page(IconName::Send, "Webhooks", "/webhooks").also("events deliveries notify").keys("g w"),
        page(IconName::Zap, "Triggers", "/triggers").also("events jobs enqueue"),
        page(IconName::Users, "Users", "/users").also("accounts").keys("g u"),
        page(IconName::ScrollText, "Logs", "/logs").also("requests errors").keys("g l"),
        page(IconName::Settings, "Settings", "/settings").also("password sessions theme server").keys("g s"),
    ];
    for collection in collections {
        let name = &collection.name;
        let link = |rest: &str| Act::Go(format!("/collections/{name}{rest}"));
        entries.push(Entry::new(Group::Collection, IconName::Table2, name, link("")).also("data"));
        for (icon, words, rest) in [
            (IconName::ListTree, "schema", "/schema"),
            (IconName::Shield, "rules", "/rules"),
            (IconName::Code, "API", "/api"),
        ] {
            entries.push(Entry::new(Group::Tab, icon, format!("{name} {words}"), link(rest)));
        }
        if collection.kind == CollectionKind::Table {
            let new = format!("New record in {name}");
            entries.push(Entry::new(Group::Tab, IconName::Plus, new, link("?new")).also("create add row"));
            let import = format!("Import into {name}");
            entries
                .push(Entry::new(Group::Tab, IconName::Import, import, link("?import")).also("csv upload"));
        }
    }
    entries.extend([
        action(IconName::Plus, "New collection", go("/collections/new")).also("create table"),
        action(IconName::Table2, "Adopt a table", go("/collections/adopt")).also("existing"),
        action(IconName::CalendarClock, "New schedule", go("/schedules?new")).also("create cron job timer"),
        action(IconName::Webhook, "New hook", go("/hooks?new")).also("create"),
        action(IconName::Send, "New webhook", go("/webhooks?new")).also("create event"),
        action(IconName::Zap, "New trigger", go("/triggers?new")).also("create event job"),
        action(IconName::UserPlus, "New user", go("/users?new")).also("create account invite"),
        action(IconName::Sun, "Use the light theme", Act::Theme(Theme::Light)).also("appearance mode"),
        action(IconName::Moon, "Use the dark theme", Act::Theme(Theme::Dark)).also("appearance mode"),
        action(IconName::Monitor, "Use the system's theme", Act::Theme(Theme::System))
            .also("appearance mode"),
        action(IconName::Keyboard, "Show keyboard shortcuts", Act::Shortcuts).also("help keys").keys("?"),
        action(IconName::LogOut, "Sign out", Act::SignOut).also("log out leave"),
    ]);
    entries
}
