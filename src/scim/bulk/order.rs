//! In which order the operations of a bulk request run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Orders operations into steps: each after all those that it waits for, otherwise as requested.
///
/// `waits_for[i]` holds the operations that operation `i` waits for; an operation that waits is passed by those behind
/// it (D-89). A step is one operation, or the operations of a cycle, in request order.
///
/// Time and memory are linear in operations and waits, but for a logarithm.
pub fn steps(waits_for: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let component_of = components(waits_for);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); component_of.iter().max().map_or(0, |last| last + 1)];
    for (operation, component) in component_of.iter().enumerate() {
        members[*component].push(operation);
    }
    let mut waits = vec![0_usize; members.len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    for (operation, awaited) in waits_for.iter().enumerate() {
        let component = component_of[operation];
        for other in awaited.iter().map(|awaited| component_of[*awaited]).filter(|other| *other != component) {
            waits[component] += 1;
            waiting[other].push(component);
        }
    }
    // A cycle is due where its last operation stands.
    let due = |component: usize| Reverse((members[component].last().copied().unwrap_or_default(), component));
    let mut ready: BinaryHeap<_> = (0..members.len()).filter(|component| waits[*component] == 0).map(due).collect();
    let mut order = Vec::with_capacity(members.len());
    while let Some(Reverse((_, component))) = ready.pop() {
        order.push(component);
        for other in &waiting[component] {
            waits[*other] -= 1;
            if waits[*other] == 0 {
                ready.push(due(*other));
            }
        }
    }
    order.into_iter().map(|component| std::mem::take(&mut members[component])).collect()
}

/// The number of the cycle that each operation is in, its own if it is in none (Kosaraju's algorithm, without recursion).
fn components(waits_for: &[Vec<usize>]) -> Vec<usize> {
    let mut reverse: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (operation, awaited) in waits_for.iter().enumerate() {
        for other in awaited {
            reverse[*other].push(operation);
        }
    }
    let mut component_of: Vec<Option<usize>> = vec![None; waits_for.len()];
    let mut count = 0;
    for start in finish_order(waits_for).into_iter().rev() {
        if component_of[start].is_some() {
            continue;
        }
        let mut stack = vec![start];
        while let Some(operation) = stack.pop() {
            if component_of[operation].is_none() {
                component_of[operation] = Some(count);
                stack.extend(reverse[operation].iter().filter(|next| component_of[**next].is_none()));
            }
        }
        count += 1;
    }
    component_of.into_iter().flatten().collect()
}

/// The nodes in the order in which a depth-first search leaves them.
fn finish_order(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; edges.len()];
    let mut finished = Vec::with_capacity(edges.len());
    for start in 0..edges.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut stack = vec![(start, edges[start].iter())];
        while let Some((node, next)) = stack.last_mut() {
            match next.find(|next| !seen[**next]) {
                Some(next) => {
                    seen[*next] = true;
                    stack.push((*next, edges[*next].iter()));
                }
                None => {
                    finished.push(*node);
                    stack.pop();
                }
            }
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(waits_for: &[&[usize]], expected: &[&[usize]]) {
        let waits_for: Vec<Vec<usize>> = waits_for.iter().map(|awaited| awaited.to_vec()).collect();
        assert_eq!(steps(&waits_for), expected, "{waits_for:?}");
    }

    #[test]
    fn without_references_the_order_is_that_of_the_request() {
        check(&[], &[]);
        check(&[&[], &[], &[]], &[&[0], &[1], &[2]]);
        check(&[&[], &[0], &[0, 1]], &[&[0], &[1], &[2]]);
    }

    #[test]
    fn who_waits_is_passed_by_others_and_runs_as_soon_as_it_can() {
        check(&[&[2], &[], &[], &[]], &[&[1], &[2], &[0], &[3]]);
        check(&[&[1], &[2], &[3], &[]], &[&[3], &[2], &[1], &[0]]);
    }

    #[test]
    fn a_cycle_is_one_step_at_the_place_of_its_last() {
        check(&[&[2], &[], &[0], &[]], &[&[1], &[0, 2], &[3]]);
        check(&[&[1], &[2], &[0], &[0]], &[&[0, 1, 2], &[3]]);
        check(&[&[1, 3], &[0], &[], &[]], &[&[2], &[3], &[0, 1]]);
        check(&[&[1], &[0], &[3, 0], &[2]], &[&[0, 1], &[2, 3]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let chain: Vec<Vec<usize>> = (0..100_000).map(|one| if one < 99_999 { vec![one + 1] } else { Vec::new() }).collect();
        let order = steps(&chain);
        assert_eq!((order[0].as_slice(), order[99_999].as_slice()), (&[99_999][..], &[0][..]));
        let cycle: Vec<Vec<usize>> = (0..100_000).map(|one| vec![(one + 1) % 100_000]).collect();
        assert_eq!(steps(&cycle).len(), 1);
    }
}
