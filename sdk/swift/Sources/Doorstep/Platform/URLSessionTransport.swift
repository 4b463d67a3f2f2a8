import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The transport of `URLSession`, without cookies, caches and redirects.
public final class URLSessionTransport: Sendable {
    private let session: URLSession
    private let receiver = Receiver()

    public init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.httpCookieAcceptPolicy = .never
        configuration.urlCache = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.urlCredentialStorage = nil
        session = URLSession(configuration: configuration, delegate: receiver, delegateQueue: nil)
        #if canImport(ObjectiveC)
        // A method whose type differs a little from that of the SDK would never be called, and nobody would notice.
        for name in ["willPerformHTTPRedirection:newRequest", "didReceiveChallenge"] {
            assert(receiver.responds(to: NSSelectorFromString("URLSession:task:\(name):completionHandler:")))
        }
        #endif
    }

    deinit {
        session.finishTasksAndInvalidate()
    }

    /// Sends one request, also when its caller is cancelled: the service may act on it.
    public func send(_ request: Doorstep.TransportRequest) async throws -> Doorstep.TransportResponse {
        let task = session.dataTask(with: urlRequest(request))
        // The timeout of a URLRequest counts from the last byte; this one counts from the start.
        let giveUp = DispatchWorkItem { task.cancel() }
        DispatchQueue.global().asyncAfter(deadline: .now() + request.timeout, execute: giveUp)
        defer { giveUp.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            receiver.start(task, continuation)
        }
    }

    private func urlRequest(_ request: Doorstep.TransportRequest) -> URLRequest {
        var made = URLRequest(url: request.url, timeoutInterval: request.timeout)
        made.httpMethod = request.method
        made.httpBody = request.body
        made.httpShouldHandleCookies = false
        for (name, value) in request.headers { made.setValue(value, forHTTPHeaderField: name) }
        return made
    }
}

/// Collects the answers of tasks. A completion handler would be simpler, but on Linux a task with one follows
/// redirects.
private final class Receiver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private struct Waiting {
        let continuation: CheckedContinuation<Doorstep.TransportResponse, any Error>
        var body = Data()
    }

    private let waiting = Locked<[Int: Waiting]>([:])

    func start(_ task: URLSessionDataTask, _ continuation: CheckedContinuation<Doorstep.TransportResponse, any Error>) {
        waiting.withLock { $0[task.taskIdentifier] = Waiting(continuation: continuation) }
        task.resume()
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        waiting.withLock { $0[dataTask.taskIdentifier]?.body.append(data) }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    /// Gives no password to a proxy that asks for one.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        let asksForPassword = (challenge.failureResponse as? HTTPURLResponse) != nil
        completionHandler(asksForPassword ? .rejectProtectionSpace : .performDefaultHandling, nil)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let done = waiting.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        guard error == nil, let response = task.response as? HTTPURLResponse else {
            return done.continuation.resume(throwing: error ?? URLError(.badServerResponse))
        }
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        done.continuation.resume(
            returning: Doorstep.TransportResponse(status: response.statusCode, headers: headers, body: done.body)
        )
    }
}
