//! The resources of a stack and their dependencies.

use crate::blueprint;
use crate::output::picture::{Arrow, Part, Picture};
use crate::stack::Stack;

/// The graph that `apply` executes, from left to right; `region` overrides the file's.
pub fn picture(stack: &Stack, region: Option<&str>) -> Picture {
    let graph = blueprint::outline(stack, region);
    let mut picture = Picture {
        title: format!("resources of {}", stack.stack),
        ..Picture::default()
    };
    let mut order = Vec::new();
    for node in graph.nodes() {
        let name = node.resource.name();
        picture.part(Part {
            id: node.id.to_string(),
            sort: node.id.kind.to_owned(),
            title: node.id.key.clone(),
            detail: (name != node.id.key).then_some(name),
            column: None,
            strand: None,
        });
        let after: Vec<_> = node
            .after
            .iter()
            .filter_map(|id| graph.nodes().iter().position(|other| other.id == *id))
            .collect();
        order.push(after);
    }
    for (at, after) in direct(&order).into_iter().enumerate() {
        for one in after {
            picture.arrow(Arrow {
                from: graph.nodes()[one].id.to_string(),
                to: graph.nodes()[at].id.to_string(),
                label: None,
                strand: None,
            });
        }
    }
    picture
}

/// The direct dependencies of each node: dependencies that follow from another dependency are left out. Nodes
/// only depend on nodes before them.
fn direct(order: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut behind: Vec<Vec<bool>> = Vec::new();
    let mut direct = Vec::new();
    for after in order {
        let mut reached = vec![false; order.len()];
        for &one in after {
            let further = behind.get(one).map(Vec::as_slice).unwrap_or_default();
            reached
                .iter_mut()
                .zip(further)
                .for_each(|(mine, its)| *mine |= its);
        }
        let mut kept: Vec<_> = after.iter().copied().filter(|&one| !reached[one]).collect();
        kept.sort_unstable();
        kept.dedup();
        direct.push(kept);
        after.iter().for_each(|&one| reached[one] = true);
        behind.push(reached);
    }
    direct
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_needed_anyway_is_left_out() {
        let order = [vec![], vec![0], vec![0, 1, 1], vec![2, 0]];
        assert_eq!(super::direct(&order), [vec![], vec![0], vec![1], vec![2]]);
    }
}
