//! What every store promises, whatever it is made of.

mod cards;
mod ends;
mod transactions;
mod work;

use orchestrator_core::ports::{memory::MemoryStore, rows::RowsError, store::StoreError};

use self::{cards::*, ends::*, transactions::*, work::*};
use super::open;

macro_rules! promises {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                super::$name(&MemoryStore::rehearsing()).await;
            })+
        }
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&open(&folder.path().join("store.db")).unwrap()).await;
            })+
        }
    };
}

promises!(
    a_source_s_id_is_taken_once,
    a_task_is_read_as_it_was_written,
    tasks_are_listed_newest_first_page_by_page,
    a_message_belongs_to_one_task,
    a_step_that_was_changed_meanwhile_is_stale,
    ready_steps_come_by_priority_then_age,
    waiting_steps_are_ready_parked_and_delayed_ones,
    a_gate_wakes_the_most_urgent_step_first,
    delayed_steps_come_when_they_are_due,
    the_next_lane_is_the_most_urgent_then_the_one_with_the_least,
    gates_are_replaced,
    a_step_has_one_live_attempt,
    a_late_writer_is_stale,
    a_long_result_is_kept_once_and_read_as_it_was_written,
    leases_of_live_attempts_are_renewed,
    a_workspace_is_removable_when_its_result_is_over,
    one_result_speaks_for_all_attempts_before_it,
    a_day_s_money_is_the_sum_of_its_ledger,
    letters_wait_by_class_then_age,
    one_parcel_is_under_way_to_an_address,
    open_marks_come_by_purpose_then_age,
    a_channel_s_marks_come_in_turn_and_those_for_later_by_their_time,
    due_cards_come_by_their_time_and_those_that_are_behind_apart,
    a_card_is_replaced_and_found_by_its_message,
    the_cards_of_waiting_tasks_are_counted_if_near_and_come_by_priority_then_age_if_not,
    what_is_said_in_a_thread_is_kept_once_and_told_to_one_attempt,
    counts_follow_every_change,
    the_journal_keeps_its_order,
    facts_are_replaced,
    a_body_that_refuses_has_changed_nothing,
    a_failed_row_operation_undoes_the_whole_body,
    a_body_may_go_on_after_a_duplicate,
    a_body_that_panics_has_changed_nothing,
    a_view_is_of_one_moment,
);

fn is_stale<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Rows(RowsError::Stale { .. })))
}

fn is_duplicate<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Rows(RowsError::Duplicate { .. })))
}
