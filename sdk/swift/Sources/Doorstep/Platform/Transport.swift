import Foundation

extension Doorstep {
    /// A request, ready to be sent.
    public struct TransportRequest: Sendable {
        public let method: String
        public let url: URL
        public let headers: [String: String]
        /// Absent where the request has no body.
        public let body: Data?
        /// Seconds after which the transport gives up.
        public let timeout: TimeInterval

        public init(method: String, url: URL, headers: [String: String], body: Data?, timeout: TimeInterval) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
        }
    }

    /// An answer of any status.
    public struct TransportResponse: Sendable {
        public let status: Int
        /// Names are in lower case.
        public let headers: [String: String]
        public let body: Data

        public init(status: Int, headers: [String: String], body: Data) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Sends one request. It throws where no answer came, and never because of a status. It does not retry, and it
    /// follows no redirect.
    public typealias Transport = @Sendable (TransportRequest) async throws -> TransportResponse

    /// A request and its answer, for a log. Both contain secrets.
    public struct Exchange: Sendable {
        /// The operation as the document of the API names it, for example `registerSendCode`.
        public let operation: String
        public let request: TransportRequest
        /// Absent where no answer came.
        public let response: TransportResponse?
        public let seconds: TimeInterval
    }
}
