//! Lists of users and groups, as operators see them.

use super::{Kind, Office, parsed};
use crate::on_both_back_ends;
use scimd::admin::resources::{self, Wanted};
use scimd::id::ResourceId;
use scimd::scim::ErrorKind;
use scimd::store::{Source, Standing};

/// The ids of all that is wanted, read by pages of two.
async fn all(office: &Office<'_>, wanted: Wanted<'_>) -> Vec<ResourceId> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = office.work(async |desk| resources::list(desk, Kind::User, &wanted, after, 2).await).await.expect("lists");
        assert!(page.resources.len() <= 2);
        ids.extend(page.resources.iter().map(|user| user.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

on_both_back_ends! {
    /// Shows that operators see the source and state of each, and list those of either by pages.
    async fn users_are_listed_by_source_and_status_and_filter(app: App) {
        let app = app.directory("acme", "okta").await;
        let office = Office::of(&app);
        let (mut provisioned, mut manual) = (Vec::new(), Vec::new());
        for n in 0..5 {
            provisioned.push(parsed(&app.user(&format!("provisioned-{n}")).await));
            manual.push(parsed(&office.user(&format!("manual-{n}")).await));
        }
        let mut everybody = [provisioned.clone(), manual.clone()].concat();
        everybody.sort();
        let of = |source| Wanted { standing: Some(Standing::Of(source)), ..Wanted::default() };
        assert_eq!(all(&office, Wanted::default()).await, everybody);
        assert_eq!(all(&office, of(Source::Manual)).await, manual);
        assert_eq!(all(&office, of(Source::Provisioned)).await, provisioned);

        let (held, disabled) = (provisioned[1], manual[3]);
        assert!(office.disable(&held.to_string()).await.held);
        office.disable(&disabled.to_string()).await;
        let mut both = vec![held, disabled];
        both.sort();
        assert_eq!(all(&office, Wanted { active: Some(false), ..Wanted::default() }).await, both);
        assert_eq!(all(&office, Wanted { active: Some(true), ..Wanted::default() }).await.len(), 8);
        assert_eq!(all(&office, Wanted { standing: Some(Standing::Held), ..Wanted::default() }).await, [held]);
        let filter = Some("userName sw \"MANUAL-\" and not (userName ew \"4\")");
        assert_eq!(all(&office, Wanted { filter, ..Wanted::default() }).await, manual[..4]);
        let filtered = Wanted { filter: Some("userName eq \"manual-2\""), ..of(Source::Manual) };
        assert_eq!(all(&office, filtered).await, [manual[2]]);
        let filtered = Wanted { filter: Some("userName eq \"manual-2\""), ..of(Source::Provisioned) };
        assert_eq!(all(&office, filtered).await, []);

        let wrong = Wanted { filter: Some("userName is \"x\""), ..Wanted::default() };
        let refused = office.work(async |desk| resources::list(desk, Kind::User, &wrong, None, 10).await).await;
        assert_eq!(super::refusal(refused).kind, ErrorKind::InvalidFilter);
    }
}
