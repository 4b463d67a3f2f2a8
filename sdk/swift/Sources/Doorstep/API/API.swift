import Foundation

/// Settings of requests.
struct APIConfiguration: Sendable {
    /// Without a slash at its end.
    let baseURL: String
    let language: String?
    let timeout: TimeInterval
    let transport: Doorstep.Transport
    let clock: any DoorstepClock
    let random: Doorstep.RandomSource
    let onRequest: (@Sendable (Doorstep.Exchange) -> Void)?

    func error(_ code: ErrorCode, _ message: String) -> DoorstepError {
        DoorstepError(code, message, language: language)
    }
}

struct SendOptions: Sendable {
    var body: JSONObject?
    /// Values of the parameters in the path.
    var path: [String: String] = [:]
    var accessToken: String?
    var idempotencyKey: String?
    /// Signs a proof for the request.
    var key: (any DoorstepDeviceKey)?
    /// An earlier attempt got no answer, perhaps before the app was killed.
    var unanswered = false
    /// Called when an attempt gets no answer.
    var onLost: (@Sendable @DoorstepActor () -> Void)?
}

/// Sends operations, repeats what is safe to repeat, and makes every failure a `DoorstepError`.
@DoorstepActor
final class API {
    /// Seconds that a nonce is used; the service accepts it for five minutes.
    private static let nonceLife: TimeInterval = 240

    let configuration: APIConfiguration
    private var nonce: (value: String, until: TimeInterval)?

    nonisolated init(_ configuration: APIConfiguration) {
        self.configuration = configuration
    }

    func send<Body, Answer>(
        _ endpoint: Endpoint<Body, Answer>,
        _ body: Body,
        _ options: SendOptions = SendOptions()
    ) async throws -> Answer {
        var complete = options
        if Body.self != NoBody.self { complete.body = try JSONObject(encoding: body) }
        return try read(Answer.self, await send(endpoint.operation, complete))
    }

    func send(_ operation: Operation, _ options: SendOptions) async throws -> Answer {
        var lost = options.unanswered
        var pauses = Pauses(operation.route, options)
        while true {
            do {
                return try await attempt(operation, options)
            } catch let error as DoorstepError {
                lost = lost || error.unanswered
                if error.unanswered { options.onLost?() }
                guard let pause = pauses.next(after: error) else { throw error.refusal(ofRepetition: lost) }
                try await configuration.clock.sleep(pause)
            }
        }
    }

    /// The body of an answer. A body with another structure is not from doorstep.
    func read<Body: Decodable>(_ type: Body.Type, _ answer: Answer) throws -> Body {
        do {
            return try answer.decoded(type)
        } catch {
            throw DoorstepError(
                .invalidAnswer,
                "an answer without what the document requires",
                language: configuration.language,
                status: 200,
                unanswered: true,
                underlying: error
            )
        }
    }

    private func attempt(_ operation: Operation, _ options: SendOptions) async throws -> Answer {
        let request = try await request(operation, options)
        let response = try await exchange(operation, request)
        if let value = response.headers["dpop-nonce"] {
            nonce = (value, configuration.clock.monotonic() + API.nonceLife)
        }
        return try Answer(response, fields: operation.route.answerFields, language: configuration.language)
    }

    private func exchange(
        _ operation: Operation,
        _ request: Doorstep.TransportRequest
    ) async throws -> Doorstep.TransportResponse {
        let start = configuration.clock.monotonic()
        let result: Result<Doorstep.TransportResponse, any Error>
        do {
            result = .success(try await configuration.transport(request))
        } catch {
            result = .failure(error)
        }
        let response = try? result.get()
        let seconds = configuration.clock.monotonic() - start
        configuration.onRequest?(
            .init(operation: operation.rawValue, request: request, response: response, seconds: seconds)
        )
        do {
            return try result.get()
        } catch {
            throw DoorstepError(
                .network,
                "no answer from the service",
                language: configuration.language,
                unanswered: true,
                underlying: error
            )
        }
    }

    private func request(_ operation: Operation, _ options: SendOptions) async throws -> Doorstep.TransportRequest {
        let route = operation.route
        let url = url(route, options.path)
        var headers = ["accept": "application/json"]
        headers["accept-language"] = configuration.language
        if options.body != nil { headers["content-type"] = "application/json" }
        if let token = options.accessToken { headers["authorization"] = "Bearer \(token)" }
        if let key = options.idempotencyKey { headers["idempotency-key"] = "\"\(key)\"" }
        if route.proof, let key = options.key {
            headers["dpop"] = try await proof(route.method, url).signed(
                by: key,
                clock: configuration.clock,
                jti: randomName(configuration.random)
            )
        }
        return .init(
            method: route.method,
            url: url,
            headers: headers,
            body: try options.body.map { try JSON.encoded($0) },
            timeout: configuration.timeout
        )
    }

    private func proof(_ method: String, _ url: URL) -> Proof {
        let current = nonce.flatMap { configuration.clock.monotonic() < $0.until ? $0.value : nil }
        return Proof(method: method, url: url, nonce: current)
    }

    private func url(_ route: Route, _ path: [String: String]) -> URL {
        var text = configuration.baseURL + route.path
        for (name, value) in path { text = text.replacingOccurrences(of: "{\(name)}", with: percentEncoded(value)) }
        guard let url = URL(string: text) else { preconditionFailure("not a URL: \(text)") }
        return url
    }
}
