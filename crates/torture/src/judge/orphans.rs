//! Nothing is left over: no process of any attempt, no nursery, no control folder; the last stop was a clean one.

use crate::evidence::Evidence;

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken: Vec<String> =
        evidence.left.iter().map(|process| format!("process {} ({}) is left over", process.pid, process.name)).collect();
    broken.extend(evidence.controls.iter().map(|name| format!("the control folder of attempt {name} is left over")));
    if evidence.course.last_exit != Some(0) {
        broken.push(format!("the last service ended with {:?}", evidence.course.last_exit));
    }
    if evidence.store.marks_wanted > 0 {
        broken.push(format!("{} reactions are still wanted", evidence.store.marks_wanted));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::samples::evidence, processes::Process};

    #[test]
    fn what_is_left_over_is_found() {
        let mut left = evidence();
        left.left.push(Process { pid: 7, name: "sleep".to_owned() });
        left.controls.push("att_1".to_owned());
        left.course.last_exit = None;
        left.store.marks_wanted = 1;

        assert_eq!(judge(&left).len(), 4);
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
