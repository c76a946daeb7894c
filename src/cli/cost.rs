//! `cost`: what was spent, by whatever is asked, with bars, as CSV or as JSON.

use chrono::NaiveDate;
use clap::Args;
use orchestrator_core::{
    domain::period::Dimension,
    wording::costs::{self, CostsView},
};

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
};

/// Parts that a table has room for.
const ROWS: u32 = 20;
/// Parts that a program is given. As many as the interface gives.
const ALL: u32 = 10_000;
/// Places of a line that no terminal bounds.
const PLACES: u16 = 100;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  orchestrator cost
  orchestrator cost --by user --days 7
  orchestrator cost --by model --period month
  orchestrator cost --by task --since 2026-03-01 --until 2026-03-31 --top 50
  orchestrator cost --by user --period all --csv > costs.csv
  orchestrator cost --by agent --json | jq -r '.parts[] | [.name, .cost] | @tsv'

Days are UTC's. A run counts on the day on which it ended.")]
pub(super) struct CostArgs {
    /// By what it is parted: day, user, agent, model, channel, task, instance
    #[arg(long, value_name = "WHAT", default_value_t)]
    by: Dimension,
    /// The last so many days, today included [default: 30]
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["since", "until", "period"], value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// From this day on, like 2026-03-01
    #[arg(long, value_name = "DAY")]
    since: Option<NaiveDate>,
    /// Up to this day, included
    #[arg(long, value_name = "DAY")]
    until: Option<NaiveDate>,
    /// today, yesterday, week (since Monday), month (since its first), all
    #[arg(long, value_name = "NAME", conflicts_with_all = ["since", "until"])]
    period: Option<String>,
    /// How many parts; the rest is summed up [default: 20; with --csv and --json all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    top: Option<u32>,
    /// As CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) async fn run(context: &Context, args: CostArgs) -> Result<Exit, Failure> {
    let for_programs = args.csv || context.voice.json;
    let limit = args.top.unwrap_or(if for_programs { ALL } else { ROWS });
    let mut path = format!("/costs?by={}&limit={limit}", args.by);
    let period = args.period.or(args.days.map(|days| days.to_string()));
    if let Some(period) = &period {
        let plain = !period.is_empty() && period.chars().all(|c| c.is_ascii_alphanumeric());
        if !plain {
            return Err(Failure::usage("`--period` is one of today, yesterday, week, month, all, or a number of days like 30."));
        }
    }
    for (name, value) in
        [("period", period), ("since", args.since.map(|day| day.to_string())), ("until", args.until.map(|day| day.to_string()))]
    {
        path.extend(value.map(|value| format!("&{name}={value}")));
    }
    let client = Client::find_to_look(&context.config()?)?;
    let costs: CostsView = client.get(&path).await?;
    client.close().await;
    if args.csv {
        context.voice.foreign(&costs::csv(&costs));
    } else {
        let coloured = context.coloured();
        context.voice.result(&costs, || costs::table(&costs, usize::from(context.voice.places().unwrap_or(PLACES)), coloured));
    }
    Ok(Exit::Done)
}
