//! Which things of a diagram lie beside which: layer by layer, what is pointed at before what points at it, ordered so that few lines
//! cross (the barycentre method of Sugiyama, Tagawa and Toda, 1981).

/// The layers of things, each of which points at some: the first layer points at none.
pub fn layered(targets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    ordered(ranked(targets), targets)
}

/// The layer of each: one further than the furthest that it points at. A circle is cut where it closes.
fn ranked(targets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    fn rank(card: usize, targets: &[Vec<usize>], ranks: &mut [Option<usize>], way: &mut Vec<usize>) -> usize {
        if let Some(rank) = ranks[card] {
            return rank;
        }
        way.push(card);
        let furthest = targets[card]
            .iter()
            .filter(|target| !way.contains(target))
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .map(|target| rank(target, targets, ranks, way) + 1)
            .max();
        way.pop();
        let rank = furthest.unwrap_or(0);
        ranks[card] = Some(rank);
        rank
    }
    let mut ranks = vec![None; targets.len()];
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for card in 0..targets.len() {
        let rank = rank(card, targets, &mut ranks, &mut Vec::new());
        if layers.len() <= rank {
            layers.resize(rank + 1, Vec::new());
        }
        layers[rank].push(card);
    }
    layers
}

/// Orders each layer by where its neighbours lie, to and fro.
fn ordered(mut layers: Vec<Vec<usize>>, targets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut places = vec![0.0_f64; targets.len()];
    let note = |layer: &[usize], places: &mut [f64]| {
        for (at, card) in layer.iter().enumerate() {
            places[*card] = (at as f64 + 0.5) / layer.len() as f64;
        }
    };
    layers.iter().for_each(|layer| note(layer, &mut places));
    for sweep in 0..6 {
        let count = layers.len();
        for step in 0..count {
            let layer = &mut layers[if sweep % 2 == 0 { step } else { count - 1 - step }];
            let middle = |card: usize| -> f64 {
                let pointing = (0..targets.len()).filter(|other| targets[*other].contains(&card));
                let near: Vec<f64> =
                    targets[card].iter().copied().chain(pointing).map(|other| places[other]).collect();
                if near.is_empty() { places[card] } else { near.iter().sum::<f64>() / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = layer.iter().map(|card| (middle(*card), *card)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            *layer = keyed.into_iter().map(|(_, card)| card).collect();
            note(layer, &mut places);
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::layered;

    #[test]
    fn what_is_pointed_at_comes_before_and_neighbours_lie_side_by_side() {
        // Two that fan out to four, each to its own two.
        let layers = layered(&[vec![], vec![], vec![0], vec![1], vec![0], vec![1]]);
        assert_eq!(layers, [vec![0, 1], vec![2, 4, 3, 5]]);
        assert_eq!(layered(&[vec![1], vec![0]]).len(), 2, "a circle is cut");
        assert!(layered(&[]).is_empty());
    }
}
