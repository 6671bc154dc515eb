//! Which part of the tree is seen, and how the eye is taken from one part to another.

use leptos::prelude::*;

use crate::browser;
use crate::charts::NODE;

/// What is seen of the drawing: left, top, width, height.
pub(super) type Frame = [f64; 4];

/// The frame around some nodes, the first of which is the root: all of them if they can still be read, else as many
/// as fit under the root.
pub(super) fn focus_on(nodes: &[[f64; 2]], [width, height]: [f64; 2]) -> Frame {
    // Below this scale letters cannot be read; above it they shout.
    const SCALES: [f64; 2] = [0.44, 0.85];
    let ([left, right], [top, bottom]) = (span(nodes, 0), span(nodes, 1));
    let scale = (width / (right - left)).min(height / (bottom - top)).clamp(SCALES[0], SCALES[1]);
    let (frame_width, frame_height) = (width.max(1.0) / scale, height.max(1.0) / scale);
    let root_x = nodes.iter().min_by(|a, b| a[1].total_cmp(&b[1])).map_or(0.0, |root| root[0] + NODE[0] / 2.0);
    let middle = if right - left > frame_width { root_x } else { (left + right) / 2.0 };
    [middle - frame_width / 2.0, top, frame_width, frame_height]
}

/// Whether all of some nodes can be read at once: then there is no reason to show fewer.
pub(super) fn fits(nodes: &[[f64; 2]], [width, height]: [f64; 2]) -> bool {
    const COMFORTABLE: f64 = 0.6;
    let ([left, right], [top, bottom]) = (span(nodes, 0), span(nodes, 1));
    (width / (right - left)).min(height / (bottom - top)) >= COMFORTABLE
}

/// From where to where nodes reach along an axis, with room around them: on the right for the buttons.
fn span(nodes: &[[f64; 2]], axis: usize) -> [f64; 2] {
    const PAD: f64 = 18.0;
    const BUTTONS: [f64; 2] = [44.0, 0.0];
    let low = nodes.iter().map(|place| place[axis]).fold(f64::INFINITY, f64::min);
    let high = nodes.iter().map(|place| place[axis] + NODE[axis]).fold(f64::NEG_INFINITY, f64::max);
    if low < high { [low - PAD, high + PAD + BUTTONS[axis]] } else { [0.0, 1.0] }
}

/// Moves the frame in a few steps, so that the eye can follow; at once for those who asked for less motion.
pub(super) fn glide(frame: RwSignal<Frame>, to: Frame) {
    const N_STEPS: u32 = 16;
    let from = frame.get_untracked();
    if browser::prefers_less_motion() || from[2] <= 1.0 {
        frame.set(to);
        return;
    }
    leptos::task::spawn_local(async move {
        let mut last = from;
        for step in 1..=N_STEPS {
            browser::next_frame().await;
            // Somebody else moved it meanwhile: it is theirs.
            if frame.try_get_untracked() != Some(last) {
                return;
            }
            let share = 1.0 - (1.0 - f64::from(step) / f64::from(N_STEPS)).powi(3);
            last = std::array::from_fn(|at| from[at] + (to[at] - from[at]) * share);
            if step == N_STEPS {
                last = to;
            }
            frame.try_set(last);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_nodes_are_shown_whole_and_not_too_large() {
        let [left, top, width, height] = focus_on(&[[0.0, 16.0]], [600.0, 300.0]);
        assert!(left < 0.0 && top < 16.0, "{left} {top}");
        assert_eq!([width, height], [600.0 / 0.85, 300.0 / 0.85]);
    }

    #[test]
    fn a_small_tree_fits_and_a_wide_one_does_not() {
        assert!(fits(&[[0.0, 16.0], [150.0, 128.0]], [600.0, 300.0]));
        assert!(!fits(&[[0.0, 16.0], [2000.0, 128.0]], [600.0, 300.0]));
    }

    #[test]
    fn many_nodes_are_shown_from_the_root() {
        let [left, _, width, _] = focus_on(&[[5000.0, 16.0], [0.0, 128.0], [9000.0, 128.0]], [600.0, 300.0]);
        let middle = left + width / 2.0;
        assert!((middle - (5000.0 + NODE[0] / 2.0)).abs() < 1e-9, "{middle}");
    }
}
