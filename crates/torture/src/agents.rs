//! Agents of every behaviour: small shell scripts that tell of their run in a file that only grows.

use serde::{Deserialize, Serialize};

use crate::task::{Tag, TaskNumber};

/// A secret of the orchestrator's own that no agent is given, put into its env file beside the token.
pub(crate) const API_KEY: &str = "sk-or-v1-0dd5eedc0ffee0dd5eedc0ffee0dd5eedc0ffee0dd5eedc0ffee0dd5eed";

/// Something that looks like a secret of somebody else's.
const SHAPED: &str = "ghp_aaaabbbbccccddddeeeeffffgggghhhhiiii";

/// A check that tells of its run as agents do, works for a moment and looks at what its agent has left.
pub(crate) const CHECK: &str = r#"echo "$ORCH_AGENT_ID" >> "$HOME/checks.txt"; sleep 0.1; grep -q "^result of" RESULT.txt"#;

/// What an agent says whose quota is used up.
const USED_UP: &str = r#"{"type":"end","error":"usage limit reached, try again in 3 days"}"#;

/// An agent that is spoken with by the Agent Client Protocol. It asks once, tells of a yes, and does its work either way.
pub(crate) const ASKER: &str = r#"
label= prompt=
say() { printf '{"jsonrpc":"2.0",%s}\n' "$1"; }
update() { say '"method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":'"$1"'}}'; }
while IFS= read -r line; do
    rest=${line#*\"id\":}; id=${rest%%[!0-9]*}
    case $line in
        *'"method":"initialize"'*) say '"id":'"$id"',"result":{"protocolVersion":1,"agentCapabilities":{}}';;
        *'"method":"session/new"'*) say '"id":'"$id"',"result":{"sessionId":"s"}';;
        *'"method":"session/prompt"'*)
            prompt=$id
            set -- $(printf '%s\n' "$line" | sed 's/.*Ask about \(t[0-9]*v[0-9]*\) after \([0-9.]*\) s for \([0-9.]*\) dollars.*/\1 \2 \3/')
            label=$1
            echo "$ORCH_TASK_ID $ORCH_ATTEMPT $label" >> "$HOME/runs.txt"; export -p > "$HOME/env-$ORCH_ATTEMPT"
            update '"usage_update","used":1,"size":2,"cost":{"amount":'"$3"',"currency":"USD"}'
            sleep "$2"
            say '"id":100,"method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"c","title":"touch it","kind":"execute"},"options":[{"optionId":"yes-it-may","name":"Yes","kind":"allow_once"},{"optionId":"no","name":"No","kind":"reject_once"}]}'
            ;;
        *'"method":"session/cancel"'*) [ -z "$prompt" ] || say '"id":'"$prompt"',"result":{"stopReason":"cancelled"}'; prompt=;;
        *'"id":100'*)
            case $line in *yes-it-may*) echo "$ORCH_ATTEMPT" >> "$HOME/permits.txt";; esac
            echo "result of $label." > RESULT.txt
            update '"agent_message_chunk","content":{"type":"text","text":"It is done."}'
            [ -z "$prompt" ] || say '"id":'"$prompt"',"result":{"stopReason":"end_turn"}'; prompt=;;
    esac
done
"#;

/// An agent: what it does and how long it works first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) deed: Deed,
    pub(crate) ms: u32,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    Succeed,
    /// The built-in demonstration agent. It does not tell of its runs.
    Demo,
    Fail,
    ResultThenFail,
    NoResult,
    /// Works for longer than it may, and leaves a part.
    Overtime,
    /// The same, and does not hear the soft stop.
    IgnoreTerm,
    /// Leaves processes in sessions of their own, and one that was forked twice.
    Daemon,
    Flood,
    /// Reads the orchestrator's env file and its parent's environment, and gives them as its result.
    Leak,
    KillItself,
    /// Says once that its quota is used up for days; when it is let go on all the same, it is not.
    Scarce,
    /// Is never heard of, and is stopped for that.
    Silent,
    /// Is spoken with, and asks whether it may.
    Asks,
}

impl Deed {
    /// How it ends if nothing interferes.
    pub(crate) fn end(self) -> Tag {
        match self {
            Self::Succeed | Self::Demo | Self::Daemon | Self::Flood | Self::Leak | Self::Scarce | Self::Asks => Tag::Success,
            Self::Fail | Self::ResultThenFail | Self::NoResult | Self::KillItself => Tag::Failed,
            Self::Overtime | Self::IgnoreTerm | Self::Silent => Tag::Timeout,
        }
    }

    /// How else it ends where it had ended already when somebody wanted it stopped: a task that is stopped waits for no quota.
    pub(crate) fn end_as_one_is_stopped(self) -> Option<Tag> {
        (self == Self::Scarce).then_some(Tag::Failed)
    }

    /// Whether it tells of its runs and costs.
    pub(crate) fn tells(self) -> bool {
        self != Self::Demo
    }

    /// Whether its result is a line with its label.
    pub(crate) fn signs_its_result(self) -> bool {
        matches!(self, Self::Succeed | Self::Daemon | Self::Flood | Self::Scarce | Self::Asks)
    }
}

/// What names one text of one task: `t3v0` is the first text of task 3, `t3v1` its first edit.
pub(crate) fn label(task: TaskNumber, version: usize) -> String {
    format!("t{task}v{version}")
}

/// The result that a labelled agent writes.
pub(crate) fn result_of(label: &str) -> String {
    format!("result of {label}.")
}

/// Tokens that the agent of a task says it has used, in and out.
fn tokens(task: TaskNumber) -> (i64, i64) {
    (1_000 + 100 * i64::from(task), 300)
}

/// What a run of this task's agent costs, in billionths of a dollar: by the price list of `openclaw-example.json`, or by the agent's own word.
pub(crate) fn cost_of(task: TaskNumber) -> i64 {
    let (input, output) = tokens(task);
    if task % 3 == 2 { 123_000 } else { input * 450 + output * 2_250 }
}

impl Agent {
    /// The text of the task that makes the shell do this, with its tags.
    pub(crate) fn text(self, task: TaskNumber, version: usize) -> String {
        let label = label(task, version);
        match self.deed {
            Deed::Demo => return format!("Look at {label}. [agent:demo]"),
            Deed::Asks => {
                let (ms, cost) = (self.ms, cost_of(task));
                let (dollars, billionths) = (cost / 1_000_000_000, cost % 1_000_000_000);
                return format!(
                    "Ask about {label} after {}.{:03} s for {dollars}.{billionths:09} dollars. [agent:asks]",
                    ms / 1_000,
                    ms % 1_000
                );
            }
            _ => {}
        }
        let (input, output) = tokens(task);
        let usage = if task % 3 == 2 {
            format!(r#"{{"input":{input},"output":{output},"model":"nobody/knows","cost_usd":0.000123}}"#)
        } else {
            format!(r#"{{"input":{input},"output":{output},"model":"openrouter/moonshotai/kimi-k2.5"}}"#)
        };
        let begin = format!(
            "echo \"$ORCH_TASK_ID $ORCH_ATTEMPT {label}\" >> \"$HOME/runs.txt\"; export -p > \"$HOME/env-$ORCH_ATTEMPT\"; echo '{usage}' > USAGE.json; "
        );
        let work = if self.ms == 0 { String::new() } else { format!("sleep {}.{:03}; ", self.ms / 1_000, self.ms % 1_000) };
        let result = format!("echo '{}' > RESULT.txt; ", result_of(&label));
        let deed = match self.deed {
            Deed::Succeed | Deed::Demo | Deed::Asks => result,
            Deed::Fail => "echo no; exit 1".to_owned(),
            Deed::ResultThenFail => format!("{result}exit 1"),
            Deed::NoResult => "exit 0".to_owned(),
            Deed::Overtime => format!("{result}exec sleep 60 # [timeout:1s]"),
            Deed::IgnoreTerm => format!("trap '' TERM; {result}while :; do sleep 5; done # [timeout:1s]"),
            Deed::Daemon => format!("setsid sh -c 'trap \"\" TERM; sleep 61' & (setsid sleep 62 & ) ; sh -c 'sleep 63 & ' ; {result}"),
            Deed::Flood => format!("head -c 400000 /dev/zero | tr '\\0' x; {result}"),
            Deed::Leak => format!(
                "cat /proc/$PPID/environ >> \"$HOME/env-$ORCH_ATTEMPT\"; cat \"$HOME/discord-config.env\"; echo {SHAPED}; cat \"$HOME/discord-config.env\" > RESULT.txt; echo {SHAPED} >> RESULT.txt"
            ),
            Deed::KillItself => format!("{result}kill -9 $$"),
            Deed::Scarce => format!(
                "[ -z \"$SCARCE\" ] || [ -e \"$HOME/had-{label}\" ] || {{ : > \"$HOME/had-{label}\"; echo '{USED_UP}'; exit 1; }}; {result}# [agent:scarce]"
            ),
            Deed::Silent => format!("{result}exec sleep 60 # [agent:quiet]"),
        };
        format!("{begin}{work}{deed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Deed; 14] = [
        Deed::Succeed,
        Deed::Demo,
        Deed::Fail,
        Deed::ResultThenFail,
        Deed::NoResult,
        Deed::Overtime,
        Deed::IgnoreTerm,
        Deed::Daemon,
        Deed::Flood,
        Deed::Leak,
        Deed::KillItself,
        Deed::Scarce,
        Deed::Silent,
        Deed::Asks,
    ];

    #[test]
    fn every_text_fits_into_a_message_and_is_labelled() {
        for deed in ALL {
            let text = Agent { deed, ms: 1_234 }.text(17, 3);

            assert!(text.len() < 1_500, "{deed:?}: {}", text.len());
            assert!(text.contains("t17v3"), "{deed:?}");
        }
    }

    #[test]
    fn a_cost_is_what_the_contract_says() {
        // 1,200 in and 300 out at 0.00045 and 0.00225 per thousand. Source: contract 003 §4.
        assert_eq!(tokens(0), (1_000, 300));
        assert_eq!(1_200 * 450 + 300 * 2_250, 1_215_000);
        assert_eq!(cost_of(0), 1_125_000);
    }
}
