//! Pictures that go with words. They are symbols of the page itself, named in `icons.txt` (Lucide).

use leptos::prelude::*;

macro_rules! icons {
    ($($variant:ident = $name:literal,)*) => {
        /// An icon of the page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(dead_code, reason = "the set is larger than what one version of the console shows")]
        pub enum IconName {
            $($variant,)*
        }

        impl IconName {
            fn symbol(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("#icon-", $name),)*
                }
            }

            #[cfg(test)]
            const NAMES: &[&str] = &[$($name,)*];
        }
    };
}

icons! {
    Activity = "activity",
    ArrowDown = "arrow-down",
    ArrowLeft = "arrow-left",
    ArrowRight = "arrow-right",
    ArrowUp = "arrow-up",
    ArrowUpDown = "arrow-up-down",
    ArrowUpRight = "arrow-up-right",
    AtSign = "at-sign",
    Binary = "binary",
    BookOpen = "book-open",
    Bookmark = "bookmark",
    Braces = "braces",
    Calendar = "calendar",
    CalendarClock = "calendar-clock",
    Check = "check",
    ChevronDown = "chevron-down",
    ChevronLeft = "chevron-left",
    ChevronRight = "chevron-right",
    ChevronsUpDown = "chevrons-up-down",
    CircleAlert = "circle-alert",
    CircleCheck = "circle-check",
    CircleDashed = "circle-dashed",
    CirclePlay = "circle-play",
    CircleSlash = "circle-slash",
    Clock = "clock",
    Code = "code",
    Columns3 = "columns-3",
    Command = "command",
    Copy = "copy",
    CornerDownLeft = "corner-down-left",
    Cpu = "cpu",
    Database = "database",
    Download = "download",
    Ellipsis = "ellipsis",
    ExternalLink = "external-link",
    Eye = "eye",
    EyeOff = "eye-off",
    File = "file",
    Files = "files",
    Filter = "filter",
    FilterX = "filter-x",
    Fingerprint = "fingerprint",
    Gauge = "gauge",
    GitFork = "git-fork",
    GripVertical = "grip-vertical",
    Hash = "hash",
    History = "history",
    Hourglass = "hourglass",
    House = "house",
    Import = "import",
    Info = "info",
    KeyRound = "key-round",
    Keyboard = "keyboard",
    Layers = "layers",
    Link = "link",
    List = "list",
    ListChecks = "list-checks",
    ListTree = "list-tree",
    Lock = "lock",
    LogOut = "log-out",
    Mail = "mail",
    Maximize = "maximize",
    Maximize2 = "maximize-2",
    Menu = "menu",
    Minus = "minus",
    Monitor = "monitor",
    Moon = "moon",
    MoveHorizontal = "move-horizontal",
    Pause = "pause",
    Pencil = "pencil",
    Play = "play",
    Plus = "plus",
    Radio = "radio",
    RefreshCw = "refresh-cw",
    RotateCcw = "rotate-ccw",
    Rows3 = "rows-3",
    Save = "save",
    ScrollText = "scroll-text",
    Search = "search",
    Send = "send",
    Server = "server",
    Settings = "settings",
    Shield = "shield",
    ShieldCheck = "shield-check",
    Sigma = "sigma",
    SlidersHorizontal = "sliders-horizontal",
    Square = "square",
    SquarePen = "square-pen",
    Sun = "sun",
    Table2 = "table-2",
    Text = "text",
    Timer = "timer",
    ToggleLeft = "toggle-left",
    Trash2 = "trash-2",
    TriangleAlert = "triangle-alert",
    Undo2 = "undo-2",
    Unlink = "unlink",
    Upload = "upload",
    User = "user",
    UserPlus = "user-plus",
    Users = "users",
    Waypoints = "waypoints",
    Webhook = "webhook",
    WifiOff = "wifi-off",
    Workflow = "workflow",
    X = "x",
    Zap = "zap",
}

/// An icon, as tall as the text beside it. It says nothing by itself: the words do.
#[component]
pub fn Icon(name: IconName) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=name.symbol()></use>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::IconName;

    #[test]
    fn the_page_has_every_icon() {
        let page: Vec<&str> = include_str!("../../icons.txt").lines().collect();
        assert_eq!(IconName::NAMES, page);
    }
}
