//! Tables for diesel. `migrations/` defines the real schema.

diesel::table! {
    users (id) {
        id -> Text,
        phone -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        nickname -> Text,
        avatar_url -> Nullable<Text>,
        gender -> Nullable<Text>,
        birthday -> Nullable<Date>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        last_login_at -> Nullable<Timestamp>,
        password_changed_at -> Timestamp,
        password_reset_at -> Nullable<Timestamp>,
        phone_proven_at -> Timestamp,
        former_phone -> Nullable<Text>,
        detached_at -> Nullable<Timestamp>,
        deletes_at -> Nullable<Timestamp>,
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
        device_id -> Nullable<Text>,
        device_since -> Nullable<Timestamp>,
        rotated_at -> Nullable<Timestamp>,
        jkt -> Nullable<Text>,
        refreshed_from -> Nullable<Text>,
        client_id -> Nullable<Text>,
    }
}

diesel::table! {
    pending_acts (id) {
        id -> Text,
        user_id -> Text,
        kind -> Text,
        target -> Nullable<Text>,
        session_id -> Nullable<Text>,
        device_name -> Nullable<Text>,
        credentials_version -> BigInt,
        asked_at -> Timestamp,
        ready_at -> Timestamp,
        expires_at -> Timestamp,
        approved_at -> Nullable<Timestamp>,
        refused_at -> Nullable<Timestamp>,
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
diesel::allow_tables_to_appear_in_same_query!(users, sessions, pending_acts);
