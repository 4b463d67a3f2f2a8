// Comparison of an answer with a pattern of a scenario.
//
// A pattern is JSON. An object matches an object that has at least its members. An array matches an array of the same
// length. An object with one member that starts with `$` is one of these operators.

const OPERATORS = {
  $absent: (value, want) => (value === undefined || value === null) === want,
  $present: (value, want) => (value !== undefined && value !== null) === want,
  $min: (value, want) => typeof value === "number" && value >= want,
  $max: (value, want) => typeof value === "number" && value <= want,
  $one_of: (value, want) => want.some((pattern) => mismatch(value, pattern) === null),
  $not: (value, want) => mismatch(value, want) !== null,
  $length: (value, want) => Array.isArray(value) && mismatch(value.length, want) === null,
  $contains: (value, want) => Array.isArray(value) && value.some((item) => mismatch(item, want) === null),
};

export function operatorOf(pattern) {
  if (pattern === null || typeof pattern !== "object" || Array.isArray(pattern)) return null;
  const members = Object.keys(pattern);
  return members.length === 1 && members[0].startsWith("$") ? members[0] : null;
}

/** Names of the operators, for the parser. */
export const operators = Object.keys(OPERATORS);

/** Returns null if the value matches, and the first difference as text if it does not. */
export function mismatch(value, pattern, at = "") {
  const operator = operatorOf(pattern);
  if (operator !== null) {
    if (OPERATORS[operator](value, pattern[operator])) return null;
    return difference(at, value, pattern);
  }
  if (pattern === null || typeof pattern !== "object") {
    return value === pattern ? null : difference(at, value, pattern);
  }
  if (Array.isArray(pattern) !== Array.isArray(value) || value === null || typeof value !== "object") {
    return difference(at, value, pattern);
  }
  if (Array.isArray(pattern) && value.length !== pattern.length) return difference(at, value, pattern);
  for (const [name, want] of Object.entries(pattern)) {
    const found = mismatch(value[name], want, at === "" ? name : `${at}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

function difference(at, value, pattern) {
  return `${at || "answer"} is ${JSON.stringify(value) ?? "absent"}, not ${JSON.stringify(pattern)}`;
}
