//! The chart of costs: days as columns, everything else as bars, with labels and amounts. Its ground is dark whatever the reader's theme is.

use chrono::{Days, NaiveDate};
use orchestrator_core::{
    domain::{money::Usd, period::Dimension},
    wording::{
        costs::{CostLine, CostsView},
        figures,
        tables::cut_to,
    },
};

use super::canvas::{Canvas, Colour, HIGH, is_legible, wide};

const GROUND: Colour = [0x2b, 0x2d, 0x31];
const TEXT: Colour = [0xf2, 0xf3, 0xf5];
const FAINT: Colour = [0xb5, 0xba, 0xc1];
const LINE: Colour = [0x43, 0x46, 0x4d];
const BAR: Colour = [0x7c, 0x8a, 0xff];

/// Points across: twice what Discord shows at least, so that letters stay sharp.
const WIDE: usize = 1_000;
/// Around everything.
const MARGIN: usize = 24;
/// Parts that are drawn; the others are one amount.
const BARS: usize = 12;
/// From one bar to the next.
const STEP: usize = 36;
/// Letters of a label.
const LABEL: usize = 28;
/// Columns at most: days are put together beyond that.
const COLUMNS: u64 = 62;
/// How high the tallest column is.
const TALL: usize = 300;

/// Draws what was spent, as a PNG file. `None`: there is nothing to be drawn.
pub(super) fn draw(view: &CostsView) -> Option<Vec<u8>> {
    if view.total.cost_nanos <= 0 {
        return None;
    }
    let canvas = if view.by == Dimension::Day { columns(view)? } else { bars(view) };
    Some(canvas.png())
}

fn titled(view: &CostsView, high: usize, more: &str) -> Canvas {
    let mut canvas = Canvas::new(WIDE, high, GROUND);
    canvas.write(MARGIN, MARGIN, &format!("{}{more}", view.title()), TEXT, true);
    let total = figures::about(Usd::from_nanos(view.total.cost_nanos));
    canvas.write(WIDE - MARGIN - wide(&total), MARGIN, &total, TEXT, true);
    canvas
}

/// Where the drawing begins, below the title.
const TOP: usize = MARGIN + HIGH + 24;

fn bars(view: &CostsView) -> Canvas {
    let mut shown: Vec<(String, i64, bool)> =
        view.parts.iter().take(BARS).map(|part| (label(view.by, part), part.cost_nanos, true)).collect();
    let rest = view.parts.len().saturating_sub(BARS) as u64 + view.left_out;
    if rest > 0 {
        let drawn: i64 = shown.iter().map(|(_, nanos, _)| *nanos).fold(0, i64::saturating_add);
        shown.push((format!("{} more", figures::thousands(rest)), view.total.cost_nanos.saturating_sub(drawn), false));
    }
    let mut canvas = titled(view, TOP + shown.len() * STEP + MARGIN, "");
    let amounts: Vec<String> = shown.iter().map(|(_, nanos, _)| figures::about(Usd::from_nanos(*nanos))).collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| wide(text)).max().unwrap_or(0);
    let left = MARGIN + widest(&mut shown.iter().map(|(label, _, _)| label)) + 16;
    let room = WIDE - MARGIN - left - 12 - widest(&mut amounts.iter());
    let dearest = view.parts.iter().map(|part| part.cost_nanos).max().unwrap_or(1).max(1);
    for (nth, ((label, nanos, is_part), amount)) in shown.iter().zip(&amounts).enumerate() {
        let top = TOP + nth * STEP;
        let long = share(*nanos, dearest, room);
        canvas.write(left - 16 - wide(label), top, label, TEXT, false);
        // The rest has no bar: beside all of it the parts would be nothing.
        if *is_part {
            canvas.fill(left, top, room, HIGH, LINE);
            canvas.fill(left, top, long, HIGH, BAR);
        }
        canvas.write(WIDE - MARGIN - wide(amount), top, amount, TEXT, false);
    }
    canvas
}

/// A name as the font can show it, else the key.
fn label(by: Dimension, part: &CostLine) -> String {
    let label = part.label(by, LABEL);
    if is_legible(&label) { label } else { cut_to(&part.key, LABEL) }.replace('…', "...")
}

fn columns(view: &CostsView) -> Option<Canvas> {
    let spent: Vec<(NaiveDate, i64)> = view.parts.iter().filter_map(|part| Some((part.key.parse().ok()?, part.cost_nanos))).collect();
    let (first, _) = *spent.first()?;
    // Everything begins with the first run; a period that somebody names begins when he says.
    let from = if view.period().days() > 3 * COLUMNS || view.left_out > 0 { first } else { view.from };
    let days = u64::try_from((view.to - from).num_days() + 1).unwrap_or(1).max(1);
    let each = days.div_ceil(COLUMNS);
    let count = usize::try_from(days.div_ceil(each)).unwrap_or(1);
    let mut sums = vec![0_i64; count];
    for (day, nanos) in spent {
        let nth = u64::try_from((day - from).num_days()).unwrap_or(0) / each;
        if let Some(sum) = usize::try_from(nth).ok().and_then(|nth| sums.get_mut(nth)) {
            *sum = sum.saturating_add(nanos);
        }
    }
    let more = if each > 1 { format!(", {each} days each") } else { String::new() };
    let mut canvas = titled(view, TOP + HIGH + 8 + TALL + 12 + HIGH + MARGIN, &more);
    let (bottom, dearest) = (TOP + HIGH + 8 + TALL, sums.iter().copied().max().unwrap_or(1).max(1));
    let marks: Vec<(i64, String)> = marks(dearest).into_iter().map(|nanos| (nanos, figures::about(Usd::from_nanos(nanos)))).collect();
    let left = MARGIN + marks.iter().map(|(_, amount)| wide(amount)).max().unwrap_or(0) + 12;
    for (nanos, amount) in &marks {
        let y = bottom - share(*nanos, dearest, TALL);
        canvas.fill(left, y, WIDE - MARGIN - left, 1, LINE);
        canvas.write(left - 12 - wide(amount), y - HIGH / 2, amount, FAINT, false);
    }
    let step = (WIDE - MARGIN - left) / count;
    let thick = (step * 3 / 4).clamp(2, 80);
    // As many dates as have room beside each other.
    let every = (wide("00-00") + 16).div_ceil(step.max(1)).max(1);
    let peak = sums.iter().position(|sum| *sum == dearest);
    for (nth, nanos) in sums.iter().enumerate() {
        let x = left + nth * step + (step - thick) / 2;
        let tall = share(*nanos, dearest, TALL);
        canvas.fill(x, bottom - tall, thick, tall, BAR);
        let middle = |text: &str| (x + thick / 2).saturating_sub(wide(text) / 2).min(WIDE - MARGIN - wide(text));
        let amount = figures::about(Usd::from_nanos(*nanos));
        if Some(nth) == peak || (*nanos > 0 && wide(&amount) + 8 <= step) {
            canvas.write(middle(&amount), bottom - tall - HIGH - 4, &amount, TEXT, false);
        }
        if nth % every == 0 {
            let day = from.checked_add_days(Days::new(nth as u64 * each)).unwrap_or(from);
            let date = day.format("%m-%d").to_string();
            canvas.write(middle(&date), bottom + 12, &date, FAINT, false);
        }
    }
    canvas.fill(left, bottom, WIDE - MARGIN - left, 2, FAINT);
    Some(canvas)
}

/// Up to four round amounts, the highest of them not above the dearest.
fn marks(dearest: i64) -> Vec<i64> {
    let mut unit = 1_i64;
    loop {
        for step in [1, 2, 5].map(|digit| unit.saturating_mul(digit)) {
            if dearest / step <= 4 {
                return (1..=dearest / step).map(|nth| nth * step).collect();
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A part's share of some room; whatever is more than nothing is seen.
fn share(amount: i64, dearest: i64, room: usize) -> usize {
    if amount <= 0 || dearest <= 0 {
        return 0;
    }
    let share = u128::from(amount.unsigned_abs()) * room as u128 / u128::from(dearest.unsigned_abs());
    usize::try_from(share).unwrap_or(room).clamp(2.min(room), room)
}

#[cfg(test)]
mod tests {
    use orchestrator_core::domain::money::Spending;

    use super::*;

    fn view(by: Dimension, parts: &[(&str, &str, i64)]) -> CostsView {
        let spending = |nanos| Spending { cost: Usd::from_nanos(nanos), attempts: 1, ..Spending::default() };
        CostsView {
            by,
            from: "2026-02-01".parse().unwrap(),
            to: "2026-03-02".parse().unwrap(),
            total: CostLine::new("", "", &spending(parts.iter().map(|(_, _, nanos)| nanos).sum())),
            parts: parts.iter().map(|(key, name, nanos)| CostLine::new(*key, *name, &spending(*nanos))).collect(),
            left_out: 0,
            others: None,
        }
    }

    /// Width and height of a PNG file.
    fn size(file: &[u8]) -> (u32, u32) {
        let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    }

    /// Puts the picture where a person can look at it, if he says where.
    fn keep(name: &str, file: &[u8]) {
        if let Some(folder) = option_env!("ORCH_TEST_CHARTS") {
            std::fs::write(std::path::Path::new(folder).join(name), file).unwrap();
        }
    }

    #[test]
    fn bars_are_drawn_for_the_dearest_and_the_rest_is_told() {
        let names: Vec<String> = (0..20).map(|n| format!("openrouter/somebody/model-{n}")).collect();
        let mut parts: Vec<(&str, &str, i64)> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), name.as_str(), 12_345_678_901 / (1 << n))).collect();
        parts[1] = ("user:1", "数える", 5_000_000_000);
        parts[2] = ("user:2", "Zoë Ångström", 4_999_000_000);

        let file = draw(&view(Dimension::Model, &parts)).unwrap();
        keep("bars.png", &file);

        assert_eq!(size(&file), (1_000, u32::try_from(TOP + 13 * STEP + MARGIN).unwrap()));
        assert!(file.len() < 100_000, "{}", file.len());
        let one = draw(&view(Dimension::User, &[("operator", "root", 1)])).unwrap();
        keep("bar.png", &one);
        assert_eq!(size(&one).1, u32::try_from(TOP + STEP + MARGIN).unwrap());
    }

    #[test]
    fn days_are_columns_and_put_together_where_there_are_many() {
        let day = |n: u64| "2026-02-01".parse::<NaiveDate>().unwrap().checked_add_days(Days::new(n)).unwrap().to_string();
        let days: Vec<String> = [0, 3, 4, 11, 12, 13, 27, 29].map(day).into();
        let parts: Vec<_> = days.iter().zip(1..).map(|(day, n)| (day.as_str(), day.as_str(), n * n * 130_000_000)).collect();
        let month = view(Dimension::Day, &parts);
        keep("days.png", &draw(&month).unwrap());
        let week = CostsView { from: "2026-02-24".parse().unwrap(), parts: month.parts[6..].to_vec(), ..month.clone() };
        keep("week.png", &draw(&week).unwrap());
        let years = CostsView { from: "2020-01-01".parse().unwrap(), to: "2027-03-02".parse().unwrap(), ..month.clone() };
        let file = draw(&years).unwrap();
        keep("years.png", &file);

        assert_eq!(size(&file), size(&draw(&month).unwrap()));
    }

    #[test]
    fn where_nothing_was_spent_nothing_is_drawn() {
        assert_eq!(draw(&view(Dimension::Day, &[("2026-02-03", "2026-02-03", 0)])), None);
        assert_eq!(draw(&view(Dimension::User, &[])), None);
    }

    #[test]
    fn the_axis_has_round_marks() {
        for (dearest, expected) in [(1, vec![1]), (4, vec![1, 2, 3, 4]), (9, vec![2, 4, 6, 8]), (1_200_000, vec![500_000, 1_000_000])] {
            assert_eq!(marks(dearest), expected, "{dearest}");
        }
        assert!(marks(i64::MAX).len() <= 4);
    }
}
