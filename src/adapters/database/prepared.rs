//! Prepared statements: those that diesel would not prepare, and those whose text it would write at each execution.

use super::engine::{AnyConnection, Backend};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId, UpdateStatement};
use diesel::sql_types::Text;
use diesel::{QueryResult, QuerySource, RunQueryDsl};
use std::marker::PhantomData;

/// Statement that each connection prepares once, so that the server does not parse and plan it at each execution: for
/// an update, that takes three times as long as the work. diesel prepares queries, deletions and inserts of one row by
/// itself, but not an update, because its text may depend on which columns have values. The updates of this program
/// have few texts.
pub(super) struct Prepared<S, N = ByText>(S, PhantomData<N>);

/// Name by which a connection finds the statement that it has prepared.
pub(super) trait Name: 'static {
    /// The name is the type, instead of the text.
    const IS_TYPE: bool;
}

/// Name of a statement with several texts. diesel writes the text at each execution, to compare it.
pub(super) struct ByText;

impl Name for ByText {
    const IS_TYPE: bool = false;
}

pub(super) trait Prepare: Sized {
    /// Has the statement prepared. Its text MUST NOT depend on values, but it may on which columns are given.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self, PhantomData)
    }
}

impl<T: QuerySource, U, V, Ret> Prepare for UpdateStatement<T, U, V, Ret> {}

/// Has a statement prepared whose text is the same at each execution: the place in the program is its name. diesel then
/// writes the text only once for a connection. Writing the text of a refresh takes 100,000 instructions, a fifth of the
/// request. MUST NOT be used in a generic function: all its instances would have one name.
macro_rules! fixed {
    ($statement:expr) => {{
        struct Here;
        impl $crate::adapters::database::prepared::Name for Here {
            const IS_TYPE: bool = true;
        }
        $crate::adapters::database::prepared::Prepared::<_, Here>::named($statement)
    }};
}

pub(super) use fixed;

impl<S, N: Name> Prepared<S, N> {
    /// Only for [`fixed`].
    pub const fn named(statement: S) -> Self {
        Self(statement, PhantomData)
    }
}

impl<S: Query<SqlType = Text> + QueryFragment<Backend>> Prepared<S> {
    /// Executes an update that returns the id of each row. Returns the number of rows.
    ///
    /// `RunQueryDsl::execute` would not prepare the statement: it passes a reference, for which diesel decides anew.
    pub fn count(self, connection: &mut AnyConnection) -> QueryResult<usize> {
        let ids: Vec<String> = self.load(connection)?;
        Ok(ids.len())
    }
}

impl<S: QueryFragment<DB>, N, DB: diesel::backend::Backend> QueryFragment<DB> for Prepared<S, N> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<S, N: Name> QueryId for Prepared<S, N> {
    type QueryId = N;

    const HAS_STATIC_QUERY_ID: bool = N::IS_TYPE;
}

impl<S: Query, N> Query for Prepared<S, N> {
    type SqlType = S::SqlType;
}

impl<S, N, C> RunQueryDsl<C> for Prepared<S, N> {}
