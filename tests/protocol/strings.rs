//! How strings are prepared before they are compared (RFC 7644 §5, §7.8).

use crate::app::USER;
use crate::on_both_back_ends;
use serde_json::json;

/// `é` in one and in two characters.
const COMPOSED: &str = "jos\u{e9}";
const DECOMPOSED: &str = "jose\u{301}";

on_both_back_ends! {
    /// Shows P-5-01, P-5-02.
    async fn spellings_of_one_user_name_are_one_user(app: App) {
        for (first, second) in [("bjensen", "ＢＪｅｎｓｅｎ"), (COMPOSED, DECOMPOSED), ("ÄPFEL", "äpfel"), ("\u{212b}sa", "a\u{30a}SA")] {
            let id = app.user(first).await;
            app.post("/Users", json!({ "schemas": [USER], "userName": second })).await.expect_error(409, "uniqueness");
            let found = app.filter("/Users", &format!("userName eq \"{second}\"")).await.expect(200);
            assert_eq!((found.at("/totalResults"), found.text("/Resources/0/id")), (&json!(1), id.clone()));
            assert_eq!(found.at("/Resources/0/userName"), first, "kept as sent");
            app.delete(&format!("/Users/{id}")).await.expect(204);
        }
    }

    /// Shows P-7.8-01.
    async fn canonically_equal_text_is_equal_whether_case_counts_or_not(app: App) {
        let body = json!({ "schemas": [USER], "userName": "u", "externalId": COMPOSED, "displayName": DECOMPOSED, "title": "CAF\u{c9}" });
        app.post("/Users", body).await.expect(201);
        let total = async |filter: String| app.filter("/Users", &filter).await.expect(200).json["totalResults"].clone();
        for spelling in [COMPOSED, DECOMPOSED] {
            assert_eq!(total(format!("externalId eq \"{spelling}\"")).await, 1);
            assert_eq!(total(format!("displayName eq \"{spelling}\"")).await, 1);
            assert_eq!(total(format!("displayName co \"{}\"", &spelling[2..])).await, 1);
        }
        assert_eq!(total("title eq \"cafe\u{301}\"".to_owned()).await, 1);
        assert_eq!(total("externalId eq \"JOS\u{c9}\"".to_owned()).await, 0, "case exact");
    }
}
