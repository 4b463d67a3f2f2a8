//! Updates as prepared statements.

use super::engine::{AnyConnection, Backend};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId, UpdateStatement};
use diesel::sql_types::Text;
use diesel::{QueryResult, QuerySource, RunQueryDsl};

/// Update that each connection prepares once, so that the server does not parse and plan it at each execution: that
/// takes three times as long as the work. diesel prepares queries, deletions and inserts of one row by itself, but not
/// an update, because its text may depend on which columns have values. The updates of this program have few texts.
pub(super) struct Prepared<S>(S);

pub(super) trait Prepare: Sized {
    /// Has the statement prepared. Its text MUST NOT depend on values, but it may on which columns are given.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<T: QuerySource, U, V, Ret> Prepare for UpdateStatement<T, U, V, Ret> {}

impl<S: Query<SqlType = Text> + QueryFragment<Backend>> Prepared<S> {
    /// Executes an update that returns the id of each row. Returns the number of rows.
    ///
    /// `RunQueryDsl::execute` would not prepare the statement: it passes a reference, for which diesel decides anew.
    pub fn count(self, connection: &mut AnyConnection) -> QueryResult<usize> {
        let ids: Vec<String> = self.load(connection)?;
        Ok(ids.len())
    }
}

impl<S: QueryFragment<DB>, DB: diesel::backend::Backend> QueryFragment<DB> for Prepared<S> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<S> QueryId for Prepared<S> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S: Query> Query for Prepared<S> {
    type SqlType = S::SqlType;
}

impl<S, C> RunQueryDsl<C> for Prepared<S> {}
