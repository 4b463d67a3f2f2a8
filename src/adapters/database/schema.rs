//! Tables for diesel. `migrations/` defines the real schema.

diesel::table! {
    users (id) {
        id -> Text,
        phone -> Text,
        password_hash -> Text,
        nickname -> Text,
        avatar_url -> Nullable<Text>,
        gender -> Nullable<Text>,
        birthday -> Nullable<Date>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        last_login_at -> Nullable<Timestamp>,
        password_changed_at -> Timestamp,
        credentials_version -> BigInt,
        accepted_documents -> Text,
    }
}

diesel::table! {
    consents (user_id, document, version) {
        user_id -> Text,
        document -> Text,
        version -> Text,
        accepted_at -> Timestamp,
        ip_block -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        user_id -> Text,
        generation -> BigInt,
        first_generation -> BigInt,
        replays -> Integer,
        device_name -> Nullable<Text>,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        rotated_at -> Nullable<Timestamp>,
        jkt -> Nullable<Text>,
        refreshed_from -> Nullable<Text>,
    }
}

diesel::table! {
    /// Applied migrations. diesel writes this table.
    #[sql_name = "__diesel_schema_migrations"]
    applied_migrations (version) {
        version -> Text,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, sessions);
