//! Delivery through the real bot: under Discord's limits, in every kind of trouble, with a backlog, across restarts.

mod events;
mod fates;
mod long;
mod pressure;
mod seed;
mod storm;
mod tokens;
