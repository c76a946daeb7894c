//! A failing script is made as short as it can be and still fails: delta debugging over its operations.

/// The shortest part of `all`, in its order, for which `fails` still says yes; `all` itself must fail.
///
/// Source: Andreas Zeller and Ralf Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), algorithm `ddmin`.
pub(crate) async fn shortest<T: Clone>(all: Vec<T>, mut fails: impl AsyncFnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = all;
    let mut parts = 2;
    while kept.len() >= 2 && parts <= kept.len() {
        let size = kept.len().div_ceil(parts);
        let mut shorter = None;
        for begin in (0..kept.len()).step_by(size) {
            let without: Vec<T> = kept.iter().take(begin).chain(kept.iter().skip(begin + size)).cloned().collect();
            if fails(&without).await {
                shorter = Some(without);
                break;
            }
        }
        match shorter {
            Some(without) => {
                kept = without;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(kept.len()),
        }
    }
    if kept.len() == 1 && fails(&[]).await {
        kept.clear();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_planted_minimal_script_is_found() {
        // It fails exactly where 3, 17 and 18 are there, in this order.
        let mut tried = 0;
        let needs = async |ops: &[u32]| {
            tried += 1;
            [3, 17, 18].iter().all(|needed| ops.contains(needed))
        };

        let found = shortest((0..40).collect(), needs).await;

        assert_eq!(found, [3, 17, 18]);
        assert!(tried < 200, "{tried} tries");
    }

    #[tokio::test]
    async fn what_fails_without_any_operation_is_shrunk_to_nothing() {
        assert_eq!(shortest(vec![1, 2, 3, 4, 5], async |_: &[i32]| true).await, Vec::<i32>::new());
    }

    #[tokio::test]
    async fn what_needs_everything_stays_as_it_is() {
        assert_eq!(shortest(vec![1, 2, 3], async |ops: &[i32]| ops.len() == 3).await, [1, 2, 3]);
    }
}
