//! How long a search may read what no index finds (D-46).

use super::StoreError;
use std::time::Duration;

/// What is left of the time of one search. Its page and its total share it.
#[derive(Debug)]
pub(super) struct ScanBudget {
    limit: Duration,
    spent: Option<Duration>,
}

impl ScanBudget {
    /// All of `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { limit, spent: None }
    }

    /// For how long the next statement may run.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.spent.unwrap_or_default())
    }

    /// Takes what a statement took.
    pub fn spend(&mut self, time: Duration) {
        self.spent = Some(self.spent.unwrap_or_default().saturating_add(time));
    }

    /// For how long statements ran that no index serves; `None` if there was none.
    pub fn spent(&self) -> Option<Duration> {
        self.spent
    }

    /// The error of a statement that ran for longer than was left.
    pub fn exceeded(&self) -> StoreError {
        StoreError::TooMany { limit: self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_a_search_share_its_time() {
        let mut budget = ScanBudget::new(Duration::from_millis(50));
        assert_eq!((budget.left(), budget.spent()), (Duration::from_millis(50), None));
        budget.spend(Duration::from_millis(20));
        assert_eq!((budget.left(), budget.spent()), (Duration::from_millis(30), Some(Duration::from_millis(20))));
        budget.spend(Duration::from_millis(40));
        assert_eq!((budget.left(), budget.spent()), (Duration::ZERO, Some(Duration::from_millis(60))));
    }
}
