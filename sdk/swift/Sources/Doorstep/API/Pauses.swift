import Foundation

/// The pauses between the attempts of one request.
struct Pauses {
    /// Seconds before the second, third and fourth attempt of a request that got no answer.
    private static let afterLoss: [TimeInterval] = [0.3, 1, 2]
    /// The longest `Retry-After` that the client waits for by itself, in seconds.
    private static let shortWait = 3
    private static let busyCodes: [ErrorCode] = [.overloaded, .dependencyUnavailable, .tooManyRequests]
    /// Attempts while the first request with the same idempotency key is running; about 20 s if its process died.
    private static let attemptsInProgress = 25

    private let repeatable: Bool
    /// A captcha allows one attempt: the same body would fail.
    private let usesCaptcha: Bool
    private var losses = 0
    private var busy = 0
    private var inProgress = 0
    private var nonces = 0

    init(_ route: Route, _ options: SendOptions) {
        repeatable = route.method != "POST" || !route.idempotencyKey || options.idempotencyKey != nil
        usesCaptcha = options.body?[Wire.LogIn.CodingKeys.captchaID.rawValue] != nil
    }

    /// Seconds before the next attempt, `nil` for none.
    mutating func next(after error: DoorstepError) -> TimeInterval? {
        let wait = TimeInterval(error.retryAfter ?? 1)
        if error.code == .useDpopNonce, nonces < 2 {
            nonces += 1
            return 0
        }
        if error.code == .requestInProgress, inProgress < Pauses.attemptsInProgress {
            inProgress += 1
            return wait
        }
        guard repeatable else { return nil }
        if error.code == .network || error.isFromProxy {
            guard losses < Pauses.afterLoss.count else { return nil }
            losses += 1
            // Not all clients at the same moment after an outage.
            return Pauses.afterLoss[losses - 1] * TimeInterval.random(in: 0.75...1.25)
        }
        guard !usesCaptcha, Pauses.busyCodes.contains(error.code), busy < 2,
              let given = error.retryAfter, given <= Pauses.shortWait else { return nil }
        busy += 1
        return wait
    }
}

extension DoorstepError {
    /// Marks a refusal of a repetition that says nothing about a first request whose answer was lost. The cooldown of
    /// a code is no such refusal: a first request that had sent the code would have answered the repetition, too.
    func refusal(ofRepetition lost: Bool) -> DoorstepError {
        var marked = self
        let saysNothing = [408, 429, 503].contains(status) && code != .resendCooldown
        if (lost && saysNothing) || code == .requestInProgress { marked.unanswered = true }
        return marked
    }
}
