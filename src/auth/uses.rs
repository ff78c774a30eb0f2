//! When, from where and how often tokens are used: counted in memory, so that no request waits for it to be written.

use super::Caller;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, TokenId};
use crate::store::operator::TokenUse;
use crate::store::{OperatorStore, StoreError};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Of how many tokens uses are counted between two writings; those of further ones are lost.
const TOKENS_MAX: usize = 10_000;

/// How many are written at once: what [`OperatorStore::note_uses`] takes.
const BATCH_MAX: usize = 1_000;

/// The uses that are not written yet.
#[derive(Debug, Default)]
pub struct Uses(Mutex<BTreeMap<(DirectoryId, TokenId), TokenUse>>);

impl Uses {
    /// Counts a use of the caller's token.
    pub fn note(&self, caller: &Caller, now: Timestamp, address: Option<IpAddr>) {
        let (directory, token) = (caller.directory.id, caller.token);
        let last_address = address.map(|address| address.to_string());
        self.add(TokenUse { directory, token, last_used: now, last_address, uses: 1 });
    }

    /// Writes what was counted so far. It is in the order of the keys, so that replicas do not wait for each other in a circle.
    ///
    /// # Errors
    /// The store failed; what is not written stays counted.
    pub async fn write(&self, store: &dyn OperatorStore) -> Result<(), StoreError> {
        // What comes meanwhile is for the next time: this ends however busy the server is.
        for _ in 0..TOKENS_MAX.div_ceil(BATCH_MAX) {
            let batch = self.take();
            if batch.is_empty() {
                return Ok(());
            }
            if let Err(error) = store.note_uses(batch.clone()).await {
                batch.into_iter().for_each(|one| self.add(one));
                return Err(error);
            }
        }
        Ok(())
    }

    fn take(&self) -> Vec<TokenUse> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| uses.pop_first()).take(BATCH_MAX).map(|(_, one)| one).collect()
    }

    fn add(&self, one: TokenUse) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (one.directory, one.token);
        if let Some(counted) = uses.get_mut(&key) {
            counted.uses += one.uses;
            if one.last_used >= counted.last_used {
                (counted.last_used, counted.last_address) = (one.last_used, one.last_address);
            }
        } else if uses.len() < TOKENS_MAX {
            uses.insert(key, one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(token: i64, at: i64, address: &str, uses: i64) -> TokenUse {
        let last_address = Some(address.to_owned());
        TokenUse { directory: DirectoryId(1), token: TokenId(token), last_used: Timestamp(at), last_address, uses }
    }

    #[test]
    fn uses_of_a_token_add_up_and_the_last_one_names_the_address() {
        let uses = Uses::default();
        uses.add(used(7, 2_000, "192.0.2.2", 1));
        uses.add(used(7, 3_000, "192.0.2.3", 1));
        // A batch that could not be written comes back after later uses.
        uses.add(used(7, 1_000, "192.0.2.1", 5));
        assert_eq!(uses.take(), [used(7, 3_000, "192.0.2.3", 7)]);
        assert_eq!(uses.take(), []);
    }

    #[test]
    fn batches_are_bounded_and_in_the_order_of_the_keys() {
        let uses = Uses::default();
        for token in (0..1_500).rev() {
            uses.add(used(token, 1_000, "192.0.2.1", 1));
        }
        let tokens = |batch: Vec<TokenUse>| batch.into_iter().map(|one| one.token.0).collect::<Vec<_>>();
        assert_eq!(tokens(uses.take()), (0..1_000).collect::<Vec<_>>());
        assert_eq!(tokens(uses.take()), (1_000..1_500).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_tokens_are_counted_than_there_is_room_for() {
        let uses = Uses::default();
        for token in 0..=10_000 {
            uses.add(used(token, 1_000, "192.0.2.1", 1));
        }
        uses.add(used(0, 2_000, "192.0.2.1", 1));
        let counted = uses.0.lock().expect("not poisoned");
        assert_eq!(counted.len(), TOKENS_MAX);
        assert_eq!(counted[&(DirectoryId(1), TokenId(0))].uses, 2, "those that are there still count");
    }
}
