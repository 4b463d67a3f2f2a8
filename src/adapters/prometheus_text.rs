//! Prometheus text format 0.0.4, for readers that do not know OpenMetrics.

/// Converts the metrics of this service from OpenMetrics 1.0. They have no timestamps and no exemplars.
///
/// In the older format a metric has the name of its samples, so that a counter ends with `_total`. Units and the end of
/// the text have no line.
#[must_use]
pub fn from_open_metrics(text: &str) -> String {
    let mut converted = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("EOF" | "UNIT"), ..) => {}
            (Some("#"), Some(keyword @ ("HELP" | "TYPE")), Some(name), Some(rest)) => {
                // The type follows the help.
                let of_type = if keyword == "TYPE" { Some(&line) } else { lines.peek() };
                let suffix = if of_type.is_some_and(|line| is_counter(line, name)) { "_total" } else { "" };
                let rest = if keyword == "TYPE" && rest == "unknown" { "untyped" } else { rest };
                converted.extend(["# ", keyword, " ", name, suffix, " ", rest, "\n"]);
            }
            _ => converted.extend([line, "\n"]),
        }
    }
    converted
}

fn is_counter(line: &str, name: &str) -> bool {
    line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) == Some((name, "counter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_the_name_of_its_samples() {
        let text = "# HELP a_requests Requests, # TYPE a.\n# TYPE a_requests counter\na_requests_total{b=\"# c d\"} 1\n\
                    # HELP a_seconds Times.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
                    a_seconds_bucket{le=\"+Inf\"} 2\n# HELP a_up Up.\n# TYPE a_up unknown\na_up 1\n# EOF\n";
        let expected = "# HELP a_requests_total Requests, # TYPE a.\n# TYPE a_requests_total counter\n\
                        a_requests_total{b=\"# c d\"} 1\n# HELP a_seconds Times.\n# TYPE a_seconds histogram\n\
                        a_seconds_bucket{le=\"+Inf\"} 2\n# HELP a_up Up.\n# TYPE a_up untyped\na_up 1\n";
        assert_eq!(from_open_metrics(text), expected);
    }
}
