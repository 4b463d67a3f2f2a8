// The truth in the SQLite file of the server, and time that passes for an account.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

// Python has SQLite in its standard library; Node.js has it since version 22 only.
const PROGRAM = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=10)
database.row_factory = sqlite3.Row
rows = []
with database:
    for statement, parameters in json.load(sys.stdin):
        rows = [dict(row) for row in database.execute(statement, parameters)]
print(json.dumps(rows))
`;

const execute = promisify(execFile);

let interpreter;

/** Path of the interpreter itself: the script of a version manager in front of it takes longer than the statements. */
function python() {
  interpreter ??= execute("python3", ["-c", "import sys; print(sys.executable)"]).then(({ stdout }) => stdout.trim());
  return interpreter;
}

/** Runs the statements in one transaction. Returns the rows of the last one. */
async function run(file, statements) {
  const running = execute(await python(), ["-S", "-c", PROGRAM, file]);
  running.child.stdin.end(JSON.stringify(statements));
  return JSON.parse((await running).stdout);
}

const TIMES = {
  users: ["created_at", "updated_at", "last_login_at", "password_changed_at", "password_reset_at", "phone_proven_at"],
  sessions: ["created_at", "last_used_at", "expires_at", "rotated_at", "device_since"],
  pending_acts: ["asked_at", "ready_at", "expires_at", "approved_at", "refused_at"],
};

/** Moves all times of an account into the past, as if it had not been used for so long. */
export async function age(file, phone, seconds) {
  const shifted = (column) => `${column} = strftime('%Y-%m-%d %H:%M:%f', ${column}, '-${Number(seconds)} seconds')`;
  const updates = Object.entries(TIMES).map(([table, columns]) => {
    const owner = table === "users" ? "phone = ?1" : "user_id = (SELECT id FROM users WHERE phone = ?1)";
    return [`UPDATE ${table} SET ${columns.map(shifted).join(", ")} WHERE ${owner}`, [phone]];
  });
  const [found] = await run(file, [...updates, ["SELECT count(*) AS number FROM users WHERE phone = ?", [phone]]]);
  if (found.number !== 1) throw new Error(`no account to age: ${phone}`);
}

const COUNTS = `
SELECT (SELECT count(*) FROM users WHERE phone IS NOT NULL) AS users,
       (SELECT count(*) FROM users WHERE phone IS NULL) AS detached,
       (SELECT count(*) FROM sessions WHERE revoked_at IS NULL
          AND expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now')) AS sessions,
       (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND jkt IS NOT NULL
          AND expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now')) AS bound_sessions,
       (SELECT count(*) FROM pending_acts WHERE expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now')) AS pending`;

/** Counts of accounts with and without a number, living sessions, and held acts. */
export async function counts(file) {
  const [row] = await run(file, [[COUNTS, []]]);
  return row;
}
