// Settings for many users behind one network: its limits are not the subject.

export const NO_LIMITS = Object.fromEntries(
  ["LIMIT_IP_SENDS", "LIMIT_IP_PHONES_HOUR", "LIMIT_IP_UNVERIFIED_HOUR", "LIMIT_IP_CAPTCHAS",
    "PROOF_OF_WORK_IP_CAPTCHAS", "SMS_BUDGET_HOUR", "SMS_BUDGET_DAY", "SMS_BUDGET_REGION_HOUR",
    "SMS_BUDGET_REGION_UNVERIFIED_HOUR"].map((name) => [name, "100000"]),
);
