//! The short form of `bin-scripts/torture.sh`: some seeded histories against the real program, at every test run.

use std::{path::PathBuf, time::Duration};

use orchestrator_torture::{Round, play_round};

#[tokio::test(flavor = "multi_thread")]
async fn some_dozens_of_seeded_histories_break_no_law() {
    let round = Round {
        bin: PathBuf::from(env!("CARGO_BIN_EXE_orchestrator")),
        place: std::env::temp_dir(),
        first: 0,
        histories: 64,
        worlds: 8,
        patience: Duration::from_secs(90),
        keep: false,
        progress: false,
        enough: 3,
    };

    let report = play_round(&round).await;

    // `bin-scripts/torture.sh --debug --seed <seed>` plays one of them again.
    assert_eq!(report.violations(), 0, "{}", report.to_text());
    assert_eq!(report.histories(), 64);
    assert!(report.count("tasks") > 200 && report.count("kills: service") > 20, "{}", report.to_text());
}
