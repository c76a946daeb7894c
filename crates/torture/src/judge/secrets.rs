//! No secret of the orchestrator's own is in a post, a log, an agent's environment, or anything that the command line says.

use crate::evidence::Evidence;

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    evidence.leaks.iter().map(|place| format!("a secret is in {place}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::evidence;

    #[test]
    fn a_leak_is_told() {
        let mut out = evidence();
        out.leaks.push("bot.log".to_owned());

        assert_eq!(judge(&out), ["a secret is in bot.log"]);
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
