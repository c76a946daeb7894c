//! That the faults reach the program and its nursery, and that agents know nothing of them.

use orchestrator_interposer::{Call, Class, Counts, Faults, Who};

use crate::world::{Founding, RUNS};

#[tokio::test(flavor = "multi_thread")]
async fn faults_reach_the_program_its_nursery_and_attendants_and_never_an_agent() {
    let mut world = Founding::new().silent().await;
    let counts = world.dir().join("counts");
    Counts::make(&counts).expect("a file");
    world.start_bot_with(&Faults::new().counted(&counts).rule("write@*=pass"));
    world.wait_until_online().await;

    let task = world.say(&format!("{RUNS} env > RESULT.txt; cat /proc/self/maps >> RESULT.txt"));
    world.entry(task).await;
    world.marked(task, "🏁").await;

    let seen = world.task_text(task, "RESULT.txt");
    assert!(seen.contains("ORCH_TASK_ID") && seen.contains("libc"), "{seen}");
    assert!(!seen.contains("INTERPOSE") && !seen.contains("LD_PRELOAD") && !seen.contains("interposer"), "{seen}");
    let counts = Counts::read(&counts).expect("counts");
    assert!(counts.of(Who::Orchestrator, Call::Write, Class::Wal) > 0, "{counts:?}");
    assert!(counts.of(Who::Orchestrator, Call::Sync, Class::Wal) > 0);
    assert!(counts.of(Who::Orchestrator, Call::Send, Class::None) > 0);
    assert_eq!(counts.of(Who::Nursery, Call::Fork, Class::None), 1);
    assert!(counts.of(Who::Attendant, Call::Write, Class::Attempt) > 0);
    assert!(counts.of(Who::Attendant, Call::Sync, Class::Attempt) > 0);
    assert_eq!(counts.of(Who::Attendant, Call::Fork, Class::None), 1);
    assert_eq!(counts.sum(|who, call, _| matches!(who, Who::Attendant | Who::Child) && call == Call::Exec), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attendant_that_dies_in_the_middle_of_its_record_leaves_nothing_and_its_task_is_interrupted() {
    let mut world = Founding::new().silent().await;
    // An attendant writes twice to the attempt's file: that it starts the agent, and the record of its end.
    world.start_bot_with(&Faults::new().rule("write:/control@2/attendant=torn"));
    world.wait_until_online().await;

    let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    let entry = world.entry(task).await;

    assert!(entry.content.starts_with("**[INTERRUPTED]**"), "{}", entry.content);
    assert_eq!((world.runs(), world.count_entries(task)), (vec![task], 1));
    world.marked(task, "❌").await;
    world.finish().await;
}
