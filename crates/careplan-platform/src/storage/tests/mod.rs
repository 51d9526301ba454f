//! One suite that every storage passes, and what storage does when what is below it fails.

mod deliveries;
mod evidence;
mod faults;
mod fixture;
mod operations;
mod past;
mod suite;

use fixture::Fixture;

/// Runs cases over every storage.
macro_rules! on_every_storage {
    ($($topic:ident::$case:ident)*) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$topic::$case(super::Fixture::embedded()).await;
                }
            )*
        }

        #[cfg(all(feature = "cluster", unix))]
        mod postgresql_and_s3 {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(fixture) = super::Fixture::postgresql_and_s3() {
                        super::$topic::$case(fixture).await;
                    }
                }
            )*
        }

        #[cfg(all(feature = "cluster", unix))]
        mod postgresql_and_folder {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(fixture) = super::Fixture::postgresql_and_folder() {
                        super::$topic::$case(fixture).await;
                    }
                }
            )*
        }
    };
}

on_every_storage! {
    suite::licence_events_are_appended_by_who_has_seen_all_of_them
    suite::an_account_is_replaced_whole
    suite::many_log_ins_at_once_do_not_slip_past_the_lock
    suite::a_right_password_lets_failures_be_forgotten
    suite::an_attempt_whose_place_is_given_away_is_not_answered
    suite::what_a_crash_cut_off_is_no_attempt
    suite::a_session_is_found_by_its_token_until_it_ends
    suite::a_refresh_token_is_exchanged_once_however_many_try
    suite::a_sending_is_kept_as_it_was_given
    suite::a_sealed_sending_has_no_set
    suite::one_idempotency_key_stores_once_however_many_try
    suite::pages_have_everything_once_and_in_order
    suite::filters_choose
    suite::what_is_not_released_is_not_in_the_receivers_list
    suite::confirming_many_times_at_once_happens_once
    suite::withdrawing_and_fetching_at_once_one_of_them_wins
    suite::what_is_overdue_is_found_and_expires
    suite::long_containers_come_back_whole
    suite::a_container_without_a_row_is_removed_once_nobody_can_be_storing_it
    suite::everything_is_there_after_opening_again
    suite::the_site_keeps_sessions_terms_and_certificates
    evidence::receipts_are_stored_with_their_event_or_not_at_all
    evidence::the_log_takes_in_each_receipt_once
    evidence::checkpoints_replace_one_another
    evidence::the_latest_certificate_of_an_office_is_kept
    operations::accesses_are_kept_once_and_listed_in_their_order
    operations::accesses_are_removed_after_their_time_the_oldest_first
    operations::registers_are_read_in_order_and_in_pages
    operations::a_locked_account_keeps_its_first_time_until_it_is_unlocked
    operations::a_sign_of_life_is_written_again_and_again
    operations::what_is_settled_is_removed_with_a_receipt_and_nothing_else
    operations::everything_is_handed_over_page_by_page
    operations::the_backlog_of_the_log_is_counted_with_its_age
    past::past_sendings_are_as_those_that_have_run_their_course
    faults::whatever_fails_once_nothing_acknowledged_is_lost_or_doubled
    deliveries::whatever_fails_once_every_delivery_comes_to_its_end
    faults::lines_of_calls_wait_while_they_cannot_be_written_and_none_is_lost
    faults::what_fails_and_stays_broken_is_refused_and_leaves_no_trace
}
