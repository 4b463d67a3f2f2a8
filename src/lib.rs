//! doorstep: phone-number accounts for mobile apps as a stateless JSON REST service.
//!
//! A sign-up is: captcha, send code, verify code, set password, submit profile, tokens. After it come sign-in, refresh,
//! devices, profile, password reset, change of phone number, and account deletion. Redis (in development: memory) holds
//! the state of each step, and SQL holds the users. The response to the last step contains a JWT.
//!
//! # Import rule
//!
//! From the inside to the outside:
//!
//! - `domain` imports no other module.
//! - `ports` imports `domain`.
//! - `flows` imports `domain` and `ports`.
//! - `http` imports `domain` and `flows`. It turns text into domain values and calls a flow.
//! - `adapters` imports `domain` and `ports`. Each adapter implements a port.
//! - `config` imports `domain`. It reads the environment.
//! - `app` and `cli` import everything. `app` connects the parts; `cli` contains the commands.
//!
//! `tests/architecture` checks the rule.
//!
//! # Glossary
//!
//! These words have one meaning in code, documents, logs and metrics.
//!
//! **Flows**
//!
//! - **Flow**: a sequence of steps that begins when the service sends a code. Sign-up, sign-in by code, password reset,
//!   change of phone number and account deletion are flows; login with the password is not. Staging stores the flow:
//!   purpose, phone, step, wrong codes.
//! - **Ticket**: the only handle of a client on its flow, and a secret. It contains the phone hash (16 bytes) and 32
//!   random bytes, and has 64 characters. Staging stores only its SHA-256.
//! - **Purpose**: the use of a flow and of its code, for example `register` or `reset_password`. A ticket of one
//!   purpose is unknown to every other purpose. For a signed-in user the purpose includes the user.
//! - **Step**: the last completed step of a flow: code sent, phone verified, or password set. In a response, `step`
//!   names the next request.
//! - **OTP**, one-time code: the six digits in an SMS. They are derived (HMAC) from the server key, the purpose and the
//!   ticket, and are stored nowhere. In the HTTP API the field is `code`.
//! - **Decoy**: a flow that looks like any other to the client, but sends no message and accepts no code. It hides
//!   whether a phone number has an account.
//! - **Test number**: a phone number with a fixed code, for store review and QA (`TEST_PHONES`). The service sends no
//!   message to it.
//! - **Staging**: the store for everything that expires: captchas, flows, counters, stored responses. It is Redis, or
//!   memory in development. Each write sets the expiry of the entry.
//! - **Phone hash**: a keyed hash of a phone number. The counters of a phone are stored under it, so that staging does
//!   not list phone numbers.
//!
//! **Sending messages**
//!
//! - **Region**: a country or territory, by its ISO 3166 code. The region of a message is the region of the phone
//!   number.
//! - **New number, existing account, known device**: the three budget classes of codes. Sign-up and change of phone
//!   number send codes to new numbers; all other flows send codes only to numbers with an account. A code that a known
//!   device requests for its account without a captcha has a class of its own.
//! - **Autofill**, SMS autofill: the code appears in the app without typing, by domain-bound codes (iOS) or SMS
//!   Retriever (Android).
//! - **Failover**: when a provider certainly did not send a message, the next provider of the region sends it.
//! - **Circuit breaker**: protects the service from waiting for an SMS provider that does not respond. Closed: messages
//!   pass. Open: no message passes for 30 s, after 5 failures in a row; a refusal is not a failure. Half-open: one
//!   message tests the provider. Each process has its own.
//! - **Outbox**: the messages of the console provider, in development: a file, and the last 100 in memory, which the
//!   demo page shows.
//! - **SMS pumping**: fraud in which an attacker requests codes to numbers in a region and earns money per message. The
//!   attacker never verifies these codes.
//!
//! **Limits**
//!
//! - **IP block**: an IPv4 address, or the /64 of an IPv6 address. Limits of clients count by it and, with larger
//!   maxima, by the /56 and the /48 around it. Staging has its keyed hash.
//! - **Quota**: a maximum in a time window. The window begins with the first event that is counted.
//! - **Cooldown**: the wait between two messages to one phone. It grows with each message of an hour.
//! - **Send reservation**: one message, counted before it is sent: one atomic operation for all limits of the IP block,
//!   the region and the service. If one limit is reached, nothing is counted and nothing is sent. The limits of the
//!   phone are counted together with the flow.
//! - **Refund**: takes a count back, for example when a message was certainly not sent. A message whose fate is unknown
//!   is not refunded.
//! - **Budget**: a quota of messages for a region or for the whole service. When it is exhausted, the service sends no
//!   more messages there until the window ends.
//! - **Unverified-code budget**: a budget of codes that are sent and not yet verified. A verified code is refunded.
//! - **Region block**: a stop of all codes to a region, set by the operator with `doorstep sms block`. It expires.
//! - **Abuse signal**: a sign of SMS pumping. While it is active, a client must do proof of work before it gets a
//!   captcha (`PROOF_OF_WORK=auto`). It is active for an IP block with many captchas or many unverified codes. It is
//!   active for all clients, for ten minutes, after the codes that were requested in a region and not verified reach
//!   half of its unverified-code budget. Decoys count as requested codes, so that the signal does not reveal who has an
//!   account.
//! - **Proof of work**: digits that a client must find, so that a SHA-256 begins with a number of zero bits.
//! - **Password attempt**: one check of a password. It is counted as wrong before the check, and this count is refunded
//!   when the password is right.
//!
//! **Accounts and sessions**
//!
//! - **Visible form**: the one form of a name: Unicode NFC, single spaces, and invisible characters only where they
//!   change what a reader sees. Names that differ in nothing else have the same one.
//! - **Prepared form**: the form of a password that is hashed (RFC 8265): Unicode NFC and plain spaces. The **typed
//!   form** is the text as the client sent it.
//! - **Session**: one signed-in device.
//! - **Generation**: the number of a refresh token in its session. Each refresh creates the next generation.
//! - **Bound session**: a session whose refresh token is accepted only with a DPoP proof (RFC 9449) of the key of the
//!   device.
//! - **Known device**: a device that has signed in to an account. The account knows five, for 180 days after their last
//!   use. A **device token** names one and proves that the service has issued it.
//! - **Dormant** account: an account that was neither used nor proven for a long time (`NUMBER_STALE_DAYS`). The
//!   carrier may have given its number to another person. A code alone does not open it.
//! - **Proof** of a number: a right code to it. An old proof (`NUMBER_CONFIRM_DAYS`) is not enough alone while the
//!   account is in use.
//! - **Detached** account: an account that has lost its number. It is deleted after `RECLAIM_DAYS`, unless its owner
//!   reclaims it or still uses a session.
//! - **Reclaim**: the owner of a detached account proves it, and gives it a new number.
//! - **Held act**, pending act: a sign-in, a reset, a deletion or a change of number that has a right code and waits
//!   for `HOLD_HOURS`. Sessions of the owner can approve or refuse it. A **number claim** is the held act at an account
//!   whose number another account takes.
//! - **Start anew**: a person with the number of a dormant account continues their flow as a sign-up.
//! - **Permit**: a signed permission to upload one avatar to the operator's storage. It expires.
//!
//! - **Legal document**: a text that a user accepts, by its name and version: `terms@2026-11-01`. The operator puts one
//!   version of each document in force (`LEGAL_DOCUMENTS`).
//! - **Consent**: the statement of a user that they accept all documents in force. It is recorded with its time and IP
//!   block. It is *due* while a document in force is not among those that the user has accepted.
//!
//! **Reliability**
//!
//! - **Claim**: the exclusive right to do something once, for a short time. A request with an `Idempotency-Key` holds
//!   one while it runs; so does a right code in a flow without a further step. A claim that is not released expires.
//! - **Stored response**: the first response to a request with an `Idempotency-Key`, encrypted, for at most 24 hours. A
//!   retry gets it again.
//! - **Bulkhead**: a limit on concurrent work that blocks a thread: some jobs run, some wait, and the service rejects
//!   the others at once.
//! - **Fair queue**: the jobs that wait. Turns go round by IP block, inside a block by session. A full queue rejects
//!   the newest job of the longest line.
//! - **Requester**: the IP block and the session that a job is done for.
//! - **Operator**: the person or company that runs doorstep. **User**: a person with an account. **Client**: the app
//!   that calls the API.

pub mod domain;
pub mod ports;
pub mod flows;
pub mod http;
pub mod adapters;
pub mod config;
pub mod app;
pub mod cli;
