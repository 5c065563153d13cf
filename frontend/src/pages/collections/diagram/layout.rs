//! Where the collections of a diagram lie: what is pointed at to the left of what points at it.

use annex_openapi::collections::Collection;

use crate::ui::diagram::{Edge, layered};

/// The width of a card, in pixels.
pub const WIDTH: f64 = 216.0;
/// The height of a card's head.
pub const HEAD: f64 = 36.0;
/// The height of a line of a card.
pub const LINE: f64 = 24.0;
/// What is below a card's last line.
pub const FOOT: f64 = 8.0;
/// Between two layers.
const LAYER_GAP: f64 = 112.0;
/// Between two cards of a layer.
const CARD_GAP: f64 = 32.0;

/// One line of a card: a field that is the key, or points somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The field.
    pub name: String,
    /// The collection that it points at.
    pub target: Option<String>,
}

/// A collection and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The collection.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// How many fields it has besides those.
    pub more: usize,
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
}

impl Card {
    /// How tall it is.
    pub fn height(&self) -> f64 {
        HEAD + LINE * (self.lines.len() + usize::from(self.more > 0)) as f64 + FOOT
    }

    fn line_y(&self, line: usize) -> f64 {
        self.y + HEAD + LINE * (line as f64 + 0.5)
    }
}

/// A whole diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The cards, in reading order.
    pub cards: Vec<Card>,
    /// The lines between them.
    pub edges: Vec<Edge>,
    /// How wide all of it is.
    pub width: f64,
    /// How tall all of it is.
    pub height: f64,
}

/// Lays the collections out.
pub fn layout(collections: &[Collection]) -> Layout {
    let mut cards: Vec<Card> = collections.iter().map(card).collect();
    let targets: Vec<Vec<usize>> = cards
        .iter()
        .map(|card| {
            let named = card.lines.iter().filter_map(|line| line.target.as_deref());
            named.filter_map(|target| cards.iter().position(|card| card.name == target)).collect()
        })
        .collect();
    let layers = layered(&targets);

    let height_of = |layer: &[usize], cards: &[Card]| -> f64 {
        layer.iter().map(|card| cards[*card].height() + CARD_GAP).sum::<f64>() - CARD_GAP
    };
    let height = layers.iter().map(|layer| height_of(layer, &cards)).fold(0.0, f64::max);
    for (at, layer) in layers.iter().enumerate() {
        let mut y = (height - height_of(layer, &cards)) / 2.0;
        for card in layer {
            cards[*card].x = at as f64 * (WIDTH + LAYER_GAP);
            cards[*card].y = y;
            y += cards[*card].height() + CARD_GAP;
        }
    }
    let edges = edges(&cards);
    let order: Vec<usize> = layers.concat();
    let cards = order.into_iter().map(|card| cards[card].clone()).collect();
    let width = (layers.len() as f64 * (WIDTH + LAYER_GAP) - LAYER_GAP).max(0.0);
    Layout { cards, edges, width, height }
}

fn card(collection: &Collection) -> Card {
    let shown = |field: &&annex_openapi::collections::Field| field.primary_key || field.collection.is_some();
    let lines: Vec<Line> = collection
        .fields
        .iter()
        .filter(shown)
        .map(|field| Line { name: field.name.clone(), target: field.collection.clone() })
        .collect();
    Card { name: collection.name.clone(), more: collection.fields.len() - lines.len(), lines, x: 0.0, y: 0.0 }
}

fn edges(cards: &[Card]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for from in cards {
        for (at, line) in from.lines.iter().enumerate() {
            let Some(to) = cards.iter().find(|card| Some(&card.name) == line.target.as_ref()) else {
                continue;
            };
            let (y1, y2) = (from.line_y(at), to.y + HEAD / 2.0);
            // Leaves towards what is left of it; a card of the same layer, or further, is reached round the right side.
            let path = if to.x < from.x {
                let (x1, x2) = (from.x, to.x + WIDTH);
                let bend = ((x1 - x2) / 2.0).max(32.0);
                format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 - bend, x2 + bend)
            } else {
                let (x1, x2) = (from.x + WIDTH, to.x + WIDTH);
                let bend = x1.max(x2) + 48.0;
                format!("M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}")
            };
            edges.push(Edge { from: from.name.clone(), to: to.name.clone(), path });
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use annex_openapi::collections::Collection;
    use serde_json::json;

    use super::{WIDTH, layout};

    fn collection(name: &str, targets: &[&str]) -> Collection {
        let field = |name: &str, key: bool, target: Option<&str>| {
            json!({
                "name": name, "type": if target.is_some() { "relation" } else { "uuid" }, "array": false, "required": true,
                "unique": key, "primary_key": key, "read_only": false, "system": key, "hidden": false, "default": null,
                "collection": target, "native_type": "uuid",
            })
        };
        let fields: Vec<_> = std::iter::once(field("id", true, None))
            .chain(targets.iter().map(|target| field(&format!("{target}_id"), false, Some(target))))
            .collect();
        serde_json::from_value(json!({
            "name": name, "table": name, "kind": "table", "primary_key": ["id"], "fields": fields,
            "indexes": [], "incoming": [], "rules": {}, "problems": [],
        }))
        .expect("a collection")
    }

    #[test]
    fn what_is_pointed_at_lies_to_the_left() {
        let layout = layout(&[
            collection("flights", &["airlines", "planes"]),
            collection("airlines", &[]),
            collection("planes", &["airlines"]),
        ]);
        let x = |name: &str| layout.cards.iter().find(|card| card.name == name).map(|card| card.x);
        assert!(x("airlines") < x("planes") && x("planes") < x("flights"));
        assert_eq!(layout.edges.len(), 3);
        assert!(layout.width >= 3.0 * WIDTH);
    }

    #[test]
    fn circles_and_oneself_are_drawn_and_no_cards_overlap() {
        let layout = layout(&[
            collection("people", &["people", "teams"]),
            collection("teams", &["people"]),
            collection("alone", &[]),
            collection("lost", &["nowhere"]),
        ]);
        assert_eq!(layout.cards.len(), 4);
        assert_eq!(layout.edges.len(), 3, "what is pointed at and not there has no line");
        for (at, one) in layout.cards.iter().enumerate() {
            for other in &layout.cards[at + 1..] {
                let apart =
                    one.x != other.x || one.y + one.height() <= other.y || other.y + other.height() <= one.y;
                assert!(apart, "{} overlaps {}", one.name, other.name);
            }
        }
    }

    #[test]
    fn nothing_has_no_size() {
        let layout = layout(&[]);
        assert_eq!((layout.cards.len(), layout.width, layout.height), (0, 0.0, 0.0));
    }
}
