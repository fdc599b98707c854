//! Medians, and how far ratios spread.

/// The value below which the share `part` of `values` lies, between neighbours in proportion.
pub(super) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = part * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The ratio of two stacks, from the ratios of each round: what disturbs a round disturbs both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) median: f64,
    /// The quartiles: half of the rounds lie between.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Ratio {
    pub(super) fn of(values: &[f64], base: &[f64]) -> Option<Self> {
        let rounds: Vec<f64> = values
            .iter()
            .zip(base)
            .map(|(value, base)| value / base)
            .collect();
        (!rounds.is_empty()).then(|| Self {
            median: median(&rounds),
            low: quantile(&rounds, 0.25),
            high: quantile(&rounds, 0.75),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quartiles_lie_between_neighbours() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25), 2.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_disturbed_round_disturbs_its_own_ratio_only() {
        let ratio = Ratio::of(&[2.0, 1.0, 2.0], &[1.0, 0.5, 1.0]).expect("three rounds");
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
        assert_eq!(Ratio::of(&[], &[]), None);
    }
}
