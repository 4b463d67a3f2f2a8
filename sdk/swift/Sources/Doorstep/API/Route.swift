import Foundation

/// Facts about an operation of the API.
struct Route: Sendable {
    let method: String
    let path: String
    /// Needs an access token.
    var bearer = false
    /// Reads a DPoP proof.
    var proof = false
    /// Stores its answer for an `Idempotency-Key`. Every other operation is harmless to repeat.
    var idempotencyKey = false
    /// The body has `client_id`.
    var clientID = false
    /// The body has `device_name`.
    var deviceName = false
    /// The fields that the answer has. `nil`: the answer is 204.
    var answerFields: [String]?
}

/// An operation with the types of its body and its answer.
struct Endpoint<Body: Encodable & Sendable, Answer: Decodable & Sendable>: Sendable {
    let operation: Operation

    init(_ operation: Operation) {
        self.operation = operation
    }
}

/// The body of a request or an answer that has none.
struct NoBody: Codable, Sendable {}

/// A time as the API writes it: RFC 3339 in UTC.
struct Timestamp: Decodable, Sendable {
    let date: Date

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let exact = formatter.date(from: text)
        formatter.formatOptions = [.withInternetDateTime]
        guard let date = exact ?? formatter.date(from: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no time")
        }
        self.date = date
    }
}
