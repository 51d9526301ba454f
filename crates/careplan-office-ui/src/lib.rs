#![doc = include_str!("../README.md")]

mod desk;
mod door;
mod drafts;
mod launch;
mod learn;
mod month;
mod office_page;
mod pages;
mod said;
mod upload;
mod watch;
mod zipped;

pub use office_page::{OfficePage, PageError, PageOptions, Stopper};
pub use watch::Watch;
