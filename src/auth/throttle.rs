//! Slows down who guesses at secrets: each wrong one makes the next wait longer.
//!
//! An attempt counts under the name that it is for (an account, a client) and under the address that it comes from, so
//! neither many guesses at one name nor one guess each at many names go fast. The first few wrong ones cost nothing; from
//! then on the wait doubles, up to a limit. An hour without a wrong one, and all is forgotten.
//!
//! Who guesses at a name must not be able to lock out whom it belongs to. So an address from which a name was once shown with
//! the right secret has a count of its own for that name, whatever others do.
//!
//! An attempt counts as a wrong one from its beginning, and is taken back when it turns out well: many at the same time are
//! no way around it. Only at a key, which nobody can guess in a lifetime and a client sends with every request, it counts
//! when it turns out wrong ([`Throttle::attempt_at_key`]). A bearer token is always looked at, and one that is wrong counts once
//! ([`Throttle::wrong_token`]). All of it is in memory, within a fixed size, and each server counts for itself: `n` replicas
//! allow `n` times as many guesses.

use crate::clock::{Clock, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many names and addresses are counted at most; above it those go that were tried longest ago.
const COUNTS_MAX: usize = 50_000;

/// How many pairs of a name and an address are remembered that were right once; above it as for the counts.
const FAMILIAR_MAX: usize = 50_000;

/// How many wrong bearer tokens from one address are told that they are wrong: providers send for many customers from there, and
/// some of those have left a token where it was when its Directory went.
const TOKENS_FREE: u32 = 100;

/// How many wrong tokens are remembered at most; above it as for the counts.
const WRONG_MAX: usize = 50_000;

/// How long wrong attempts are remembered, in milliseconds.
const MEMORY_MS: i64 = 60 * 60 * 1_000;

/// What an attempt counts under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Under {
    /// A name.
    Name,
    /// A name from an address from which it was right before.
    Pair,
    /// An address.
    Address,
    /// An address from which bearer tokens come.
    Tokens,
}

impl Under {
    /// How many wrong attempts cost nothing. Providers send for many customers from one address.
    fn free(self) -> u32 {
        match self {
            Self::Name | Self::Pair => 10,
            Self::Address => 50,
            Self::Tokens => TOKENS_FREE,
        }
    }

    /// How long the wait becomes, in milliseconds. It stays short under a name alone: it is what others can make a newcomer
    /// wait.
    fn wait_ms_max(self) -> i64 {
        match self {
            Self::Name => 60 * 1_000,
            Self::Pair | Self::Address | Self::Tokens => 15 * 60 * 1_000,
        }
    }
}

/// What is counted under: a digest, so that what clients write takes no room and is not kept.
type Key = [u8; 32];

/// Slows down guesses. One for each kind of secret.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    counts: HashMap<Key, Count>,
    /// When a name was last right from an address.
    familiar: HashMap<Key, Timestamp>,
    /// When a token was last wrong from an address.
    wrong: HashMap<Key, Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    wrong: u32,
    last: Timestamp,
}

/// It is too early for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts with wrong credentials; the next one may come in {} s", .0.as_secs())]
pub struct TooEarly(
    /// How long to wait, in whole seconds: what Retry-After says.
    pub Duration,
);

/// An attempt on its way. Unless it is said how it ended, it was a wrong one.
#[must_use = "an attempt counts as a wrong one until it is said to be good"]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    counted: Vec<(Key, Under)>,
    pair: Option<Key>,
}

impl Throttle {
    /// Nobody has tried anything yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// Begins an attempt at the secret of `name` from `address`; of an IPv6 address its network of 64 bits counts.
    ///
    /// # Errors
    /// [`TooEarly`]: it is not to be looked at; whether the secret is right is not to be found out by it.
    pub fn attempt(&self, name: &str, address: Option<IpAddr>) -> Result<Attempt<'_>, TooEarly> {
        let now = self.clock.now();
        let network = address.map(network);
        let pair = network.as_deref().map(|network| key(&["pair", name, network]));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = match (pair, network) {
            (Some(pair), _) if known.familiar.contains_key(&pair) => vec![(pair, Under::Pair)],
            (_, Some(network)) => {
                vec![(key(&["name", name]), Under::Name), (key(&["address", &network]), Under::Address)]
            }
            (_, None) => vec![(key(&["name", name]), Under::Name)],
        };
        let wait_ms = counted.iter().map(|(key, under)| known.wait_ms(key, *under, now)).max().unwrap_or(0);
        TooEarly::unless_over(wait_ms)?;
        for (key, _) in &counted {
            known.count(*key, now);
        }
        Ok(Attempt { throttle: self, counted, pair })
    }

    /// Begins an attempt at a key of 256 random bits from `address`. Wrong ones count under the address alone, for a key is
    /// no name; a key that was right from there once is not slowed by what others try from there.
    ///
    /// # Errors
    /// [`TooEarly`]: it is not to be looked at.
    pub fn attempt_at_key(&self, secret: &str, address: Option<IpAddr>) -> Result<KeyAttempt<'_>, TooEarly> {
        let network = address.map(network);
        let pair = network.as_deref().map(|network| key(&["key", secret, network]));
        let address = network.as_deref().map(|network| key(&["address", network]));
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !pair.is_some_and(|pair| known.familiar.contains_key(&pair)) {
            let wait_ms = address.map_or(0, |address| known.wait_ms(&address, Under::Address, self.clock.now()));
            TooEarly::unless_over(wait_ms)?;
        }
        Ok(KeyAttempt { throttle: self, address, pair })
    }

    /// Notes that there is no such bearer token as was shown from `address`. Who shows one again and again, as providers do, guesses
    /// nothing; and those that are good are served whatever others show, for who guesses at 256 random bits learns nothing by it.
    ///
    /// # Errors
    /// [`TooEarly`]: too many others were shown from there, each of them within an hour of another; it does not count.
    pub fn wrong_token(&self, secret: &str, address: Option<IpAddr>) -> Result<(), TooEarly> {
        let Some(network) = address.map(network) else { return Ok(()) };
        let now = self.clock.now();
        let address = key(&["tokens", &network]);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        TooEarly::unless_over(known.wait_ms(&address, Under::Tokens, now))?;
        if known.is_another(key(&["token", secret, &network]), now) {
            known.count(address, now);
        }
        Ok(())
    }
}

impl TooEarly {
    fn unless_over(wait_ms: i64) -> Result<(), Self> {
        let seconds = wait_ms.max(0).unsigned_abs().div_ceil(1_000);
        if seconds == 0 { Ok(()) } else { Err(Self(Duration::from_secs(seconds))) }
    }
}

/// An attempt at a key on its way. It counts when it is said to be wrong.
#[must_use = "a wrong attempt counts when it is said to be one"]
pub struct KeyAttempt<'t> {
    throttle: &'t Throttle,
    address: Option<Key>,
    pair: Option<Key>,
}

impl Attempt<'_> {
    /// The secret was right: what was counted under the name is forgotten, and its address is familiar from now on. Under the
    /// address only this attempt is taken back, or who knows one secret could guess at others for nothing.
    pub fn was_right(self) {
        let now = self.throttle.clock.now();
        let mut known = self.throttle.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, under) in &self.counted {
            match under {
                Under::Name | Under::Pair => drop(known.counts.remove(key)),
                Under::Address | Under::Tokens => known.take_back(key),
            }
        }
        if let Some(pair) = self.pair {
            known.remember(pair, now);
        }
    }

    /// Nothing was found out, by no fault of the client.
    pub fn was_void(self) {
        let mut known = self.throttle.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.counted.iter().for_each(|(key, _)| known.take_back(key));
    }
}

impl KeyAttempt<'_> {
    /// The key is good: it is familiar from there from now on.
    pub fn was_right(self) {
        if let Some(pair) = self.pair {
            let now = self.throttle.clock.now();
            self.throttle.known.lock().unwrap_or_else(PoisonError::into_inner).remember(pair, now);
        }
    }

    /// There is no such key, or it is good no more.
    pub fn was_wrong(self) {
        let mut known = self.throttle.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = self.pair {
            known.familiar.remove(&pair);
        }
        if let Some(address) = self.address {
            known.count(address, self.throttle.clock.now());
        }
    }
}

impl Known {
    fn remember(&mut self, pair: Key, now: Timestamp) {
        make_room(&mut self.familiar, FAMILIAR_MAX, |last| *last);
        self.familiar.insert(pair, now);
    }

    /// How long it is until the next attempt under `key` may be made.
    fn wait_ms(&self, key: &Key, under: Under, now: Timestamp) -> i64 {
        let Some(count) = self.counts.get(key) else { return 0 };
        // A clock that was set back makes nobody wait longer.
        let since_ms = now.0.saturating_sub(count.last.0).max(0);
        if since_ms >= MEMORY_MS || count.wrong < under.free() {
            return 0;
        }
        let doublings = (count.wrong - under.free()).min(20);
        under.wait_ms_max().min(1_000 << doublings).saturating_sub(since_ms).max(0)
    }

    /// Whether a token is wrong from an address for the first time in a while.
    fn is_another(&mut self, token: Key, now: Timestamp) -> bool {
        make_room(&mut self.wrong, WRONG_MAX, |last| *last);
        let before = self.wrong.insert(token, now);
        before.is_none_or(|before| now.0.saturating_sub(before.0) >= MEMORY_MS)
    }

    fn count(&mut self, key: Key, now: Timestamp) {
        make_room(&mut self.counts, COUNTS_MAX, |count| count.last);
        let count = self.counts.entry(key).or_insert(Count { wrong: 0, last: now });
        if now.0.saturating_sub(count.last.0) >= MEMORY_MS {
            count.wrong = 0;
        }
        count.wrong = count.wrong.saturating_add(1);
        count.last = now;
    }

    fn take_back(&mut self, key: &Key) {
        if let Some(count) = self.counts.get_mut(key) {
            count.wrong = count.wrong.saturating_sub(1);
        }
    }
}

/// Lets the older half go if there is no room for one more.
fn make_room<T>(all: &mut HashMap<Key, T>, max: usize, last: impl Fn(&T) -> Timestamp) {
    if all.len() < max {
        return;
    }
    let mut times: Vec<Timestamp> = all.values().map(&last).collect();
    let (_, middle, _) = times.select_nth_unstable(max / 2);
    let middle = *middle;
    all.retain(|_, value| last(value) > middle);
}

/// Who holds an IPv6 address has as a rule the whole network of 64 bits.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}", address.to_bits() >> 64),
    }
}

/// Each part with its length before it, so that no two lists of parts are one.
fn key(parts: &[&str]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
