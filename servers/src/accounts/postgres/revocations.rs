//! Who was revoked, for whoever asks what there is behind a revision.
//!
//! Bounds: [`REVOCATIONS_MAX`].

use tinyrealm_core::node::login::{RevocationPage, RevocationWork};
use tinyrealm_core::protocol::{REVOCATION_PAGE, Revision, Revocation};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::{Parameter, PostgresStore, revision_in, uid_in};
use crate::accounts::StoreError;
use crate::postgres::Patience;

/// So many revocations are told one by one; whoever has not asked since those before hears that
/// everybody is revoked.
const REVOCATIONS_MAX: i64 = 65_536;

impl PostgresStore {
    /// Forgets the oldest revocations, of which there are too many: who has not heard of them is told that all are revoked.
    pub(super) fn trim_revocations(&mut self) -> Result<(), StoreError> {
        self.link.change(Patience::Job, async |client: &Client| {
            let text = "SELECT revision FROM revocations ORDER BY revision DESC LIMIT 1 OFFSET $1";
            let surplus = client.query_typed_opt(text, &[(&REVOCATIONS_MAX, Type::INT8)]).await?;
            let Some(surplus) = surplus else { return Ok(()) };
            let last: i64 = surplus.try_get(0)?;
            for text in [
                "UPDATE realm SET all_revoked_at = greatest(all_revoked_at, $1)",
                "DELETE FROM revocations WHERE revision <= $1",
            ] {
                client.execute_typed(text, &[(&last, Type::INT8)]).await?;
            }
            Ok(())
        })
    }

    /// Whose rights have ended behind that, in order.
    pub(super) fn page_of_revocations(
        &mut self,
        after: &RevocationWork,
    ) -> Result<RevocationPage, StoreError> {
        // One statement sees one moment: what is not on the page has a higher revision than the realm.
        let text = "SELECT realm.revision, page.uid, page.revision, page.renewed_at FROM realm LEFT JOIN LATERAL (
                        SELECT 0::bigint AS uid, realm.all_revoked_at AS revision, 0::bigint AS renewed_at
                        WHERE (realm.all_revoked_at, 0::bigint) > ($1, $2)
                        UNION ALL
                        SELECT uid, revision, renewed_at FROM revocations WHERE (revision, uid) > ($1, $2)
                        ORDER BY 2, 1 LIMIT $3
                    ) AS page ON TRUE ORDER BY page.revision, page.uid";
        let (revision, uid) = (after.revision.0.cast_signed(), after.uid.0.cast_signed());
        let most = REVOCATION_PAGE as i64 + 1;
        let parameters: [Parameter<'_>; 3] =
            [(&revision, Type::INT8), (&uid, Type::INT8), (&most, Type::INT8)];
        let rows = self.rows(Patience::Job, text, &parameters)?;
        let mut page = RevocationPage { list: heapless::Vec::new(), complete: Revision(0) };
        for row in &rows {
            // The realm's line alone, if nobody was revoked.
            if row.try_get::<_, Option<i64>>(1)?.is_some() {
                let one = Revocation {
                    uid: uid_in(row, 1)?,
                    revision: revision_in(row, 2)?,
                    renewed_at: revision_in(row, 3)?,
                };
                if page.list.push(one).is_err() {
                    return Ok(RevocationPage { complete: Revision(0), ..page });
                }
            }
            page.complete = revision_in(row, 0)?;
        }
        Ok(page)
    }
}
