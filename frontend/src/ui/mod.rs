//! The design system: what every page is made of. Each part is a component, each variant an enum; colours and sizes are in
//! `styles/tokens.css` alone.

pub mod button;
pub mod chart;
pub mod choice;
pub mod code;
pub mod deliberate;
pub mod diagram;
mod dialog;
pub mod editor;
pub mod expression;
pub mod feedback;
pub mod field;
pub mod field_type;
pub mod http;
pub mod icon;
pub mod menu;
mod pick;
pub mod popup;
pub mod prose;
pub mod search;
pub mod sql;
pub mod surface;
pub mod tags;
pub mod time;
pub mod toast;
pub mod tooltip;

pub use button::{Button, ButtonKind, ButtonSize, IconButton, LinkButton};
pub use chart::{Chart, ChartData, Line, Shape, Sparkline};
pub use choice::{Checkbox, Segmented, Switch};
pub use code::{CodeBlock, CopyButton};
pub use deliberate::{Deliberate, TypeCount};
pub use dialog::{Confirm, Dialog, DialogShape};
pub use editor::{CodeEditor, CodeView, Language};
pub use expression::{ExpressionEditor, ExpressionShape, Subject};
pub use feedback::{Empty, ErrorNotice, Notice, Skeleton, Tone};
pub use field::{Field, Select, TextArea, TextInput};
pub use http::{Method, StatusBadge};
pub use icon::{Icon, IconName};
pub use menu::{Menu, MenuCheck, MenuItem};
pub use pick::Pick;
pub use popup::{Popup, Spot};
pub use prose::Prose;
pub use search::SearchInput;
pub use surface::{Badge, Card};
pub use tags::TagInput;
pub use time::{Ago, Clock, Instant, Until};
