//! The agents: their programs, and OpenClaw's Gateway.

use orchestrator_core::domain::{
    agent::AgentDefinition,
    hosts::{Verdict, Wanted},
    isolation::Network,
};
use tokio::{net::TcpStream, time::timeout};

use super::{Finding, PATIENCE};
use crate::{
    adapters::process,
    config::{Complaint, Config},
};

/// The agent that is there so that everything can be tried.
const DEMONSTRATION: &str = "demo";

/// Whether a warning of the configuration is told by a check of this file.
pub(super) fn is_about_programs(warning: &Complaint) -> bool {
    warning.key == "OPENCLAW_BIN"
}

pub(super) fn programs(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(wrong) = config.warnings.iter().find(|warning| is_about_programs(warning)) {
        findings.push(Finding::broken("agent program", wrong.to_string()));
    } else if let Some(default) = config.agents.get(&config.agents.default) {
        findings.push(default_program(config, default));
    }
    for definition in config.agents.definitions.values().filter(|definition| definition.name != config.agents.default) {
        let key = format!("agents.{}.", definition.name);
        let named = config.settings.iter().any(|setting| setting.key.starts_with(&key))
            || definition.isolation.open(process::offered()).is_some()
            || model_out_of_reach(definition).is_some();
        let check = format!("agent `{}`", definition.name);
        match &definition.program {
            Ok(program) if named => {
                findings.push(found(check, &program.display().to_string(), definition));
            }
            Err(why) if named => findings.push(Finding::odd(check, format!("can't be run: {why}"))),
            _ => {}
        }
    }
    if !config.programs.is_empty() {
        let found: Vec<String> = config.programs.iter().map(|program| format!("{} ({})", program.name, program.path.display())).collect();
        findings.push(Finding::well("programs found", found.join(", ")));
    }
    findings
}

fn default_program(config: &Config, default: &AgentDefinition) -> Finding {
    let check = "agent program";
    match &default.program {
        Err(why) => Finding::broken(check, format!("`{}`, the agent of every task that names none, can't be run: {why}", default.name))
            .way_out("Install it, or set `OPENCLAW_BIN` or `default_agent`."),
        Ok(_) if default.name.as_str() == DEMONSTRATION && !chosen(config) => {
            let says = format!("{}.", config.agents.default_because);
            let way_out = "Install OpenClaw or set `OPENCLAW_BIN`; or name another agent as `default_agent`.";
            // In the local Discord that is what people expect; real tasks deserve a real agent.
            let real = config.discord.as_ref().is_ok_and(|discord| discord.api_base.contains("discord.com"));
            if real { Finding::broken(check, says) } else { Finding::odd(check, says) }.way_out(way_out)
        }
        Ok(program) => found(check.to_owned(), &format!("`{}`: {}", default.name, program.display()), default),
    }
}

/// A program that is there, and what it may reach: odd where this machine can't hold that, broken where it must.
fn found(check: String, what: &str, definition: &AgentDefinition) -> Finding {
    let (isolation, offered) = (&definition.isolation, process::offered());
    let gaps: Vec<String> = isolation.gaps(offered).into_iter().map(|gap| gap.sentence(offered)).collect();
    let says = format!("{what} ({})", isolation.words());
    match (gaps.is_empty(), isolation.required) {
        (true, _) => match model_out_of_reach(definition) {
            Some(model) => Finding::odd(check, format!("{says}; its model at {model} is none of the hosts that it reaches"))
                .way_out("Name that host in its `network.hosts` (or `isolation.network.hosts`)."),
            None => Finding::well(check, says),
        },
        (false, false) => Finding::odd(check, format!("{says}; not walled here: {}", gaps.join("; "))),
        (false, true) => Finding::broken(check, format!("{says}; it is not started here: {}", gaps.join("; ")))
            .way_out("Take `isolation_required` away, or have it held: by a kernel and a container that allow it, by an agent that does its own work."),
    }
}

/// The host of its model, if its walls keep it from there.
fn model_out_of_reach(definition: &AgentDefinition) -> Option<Wanted> {
    let (scheme, rest) = definition.env.get("LLM_BASE_URL")?.split_once("://")?;
    let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    let wanted = Wanted::parse(rest.split(['/', '?', '#']).next()?, Some(usual))?;
    let is_reached = match &definition.isolation.network {
        Network::All => true,
        Network::None => false,
        Network::Hosts(hosts) => hosts.judge(&wanted) != Verdict::Refused,
    };
    (!is_reached).then_some(wanted)
}

/// Whether somebody chose the default agent.
fn chosen(config: &Config) -> bool {
    config.settings.iter().any(|setting| setting.key == "default_agent" && !setting.shown.is_empty())
}

/// Whether OpenClaw's Gateway answers, where an agent needs it.
pub(super) async fn gateway(config: &Config) -> Vec<Finding> {
    let check = "OpenClaw Gateway";
    let needs_it = |definition: &AgentDefinition| definition.reading.sessions.is_some() && definition.program.is_ok();
    let by_default = config.agents.get(&config.agents.default).is_some_and(needs_it);
    if !by_default && !config.agents.definitions.values().any(needs_it) {
        return Vec::new();
    }
    let gateway = &config.openclaw.gateway;
    let place = format!("{}:{}", gateway.host, gateway.port);
    let connected = timeout(PATIENCE, TcpStream::connect((gateway.host.trim_matches(['[', ']']), gateway.port))).await;
    // The connection is let go before the next question: some servers take one at a time.
    let unreachable = match connected.map(|connected| connected.map(drop)) {
        Ok(Ok(())) => return vec![answers(&place).await],
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let says = format!("{place} can't be reached: {unreachable}");
    let finding = if by_default { Finding::broken(check, says) } else { Finding::odd(check, says) };
    vec![finding.way_out("Start it (`openclaw gateway`), or use `openclaw-exec` as `default_agent`, which needs none.")]
}

/// A port that takes connections may be anybody's: the Gateway speaks HTTP.
async fn answers(place: &str) -> Finding {
    let check = "OpenClaw Gateway";
    let asked = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        client.get(format!("http://{place}/")).send().await
    };
    match asked.await {
        Ok(_) => Finding::well(check, format!("answers at {place}")),
        Err(error) => Finding::odd(check, format!("{place} takes connections but does not speak HTTP ({error})"))
            .way_out("Is another program listening on that port? `gateway.port` in openclaw.json names it."),
    }
}
