//! What a client may not send: each is a 4xx SCIM error that says what was wrong and where, in time, and nothing changes.

#[path = "support/app.rs"]
mod app;

#[path = "support/hostile/bodies.rs"]
mod bodies;
#[path = "support/hostile/canary.rs"]
mod canary;
#[path = "support/hostile/filters.rs"]
mod filters;
#[path = "support/hostile/heads.rs"]
mod heads;
#[path = "support/hostile/values.rs"]
mod values;
