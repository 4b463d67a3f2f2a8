import Foundation

extension Doorstep {
    /// A captcha: show it, and send its answer with the code request. It allows one attempt.
    public struct Captcha: Identifiable, Sendable {
        public let id: String
        public let kind: CaptchaKind
        /// A small image: show it at two or three times its size, without smoothing. `nil` for the kind `audio`.
        public let image: Data?
        /// A recording. Do not start it by itself. `nil` for the kind `image`.
        public let audio: Data?
        public let mediaType: String
        /// One sentence for the user, in their language.
        public let prompt: String
        /// The keyboard: `text` or `digits`.
        public let input: String
        /// Characters of the answer, `nil` where it varies.
        public let length: Int?
        /// Seconds from its creation.
        public let expiresIn: Int
        let maker: CaptchaMaker
        let theme: CaptchaTheme?

        /// Another captcha of the same kind instead of this one.
        public func refresh() async throws -> Captcha {
            try await maker.make(kind: kind, theme: theme, replaces: id)
        }

        /// The answer to a captcha, for a code request.
        public func answered(_ answer: String) -> CaptchaAnswer {
            CaptchaAnswer(id: id, answer: answer)
        }
    }

    /// A solved captcha.
    public struct CaptchaAnswer: Hashable, Sendable {
        public let id: String
        public let answer: String

        public init(id: String, answer: String) {
            self.id = id
            self.answer = answer
        }
    }
}

/// Requests captchas, and does the proof of work if the service wants one.
struct CaptchaMaker: Sendable {
    /// Proofs that the service refuses in a row before the client gives up.
    private static let maxProofs = 3

    let api: API
    let solve: Doorstep.Solver

    func make(
        kind: Doorstep.CaptchaKind,
        theme: Doorstep.CaptchaTheme?,
        replaces: String? = nil
    ) async throws -> Doorstep.Captcha {
        var body = Wire.CreateCaptcha(replaces: replaces, kind: kind == .image ? nil : kind, theme: theme)
        var proofs = 0
        while true {
            do {
                let captcha = try await create(body)
                return describe(captcha, kind, theme)
            } catch let error as DoorstepError where error.hasCode(.proofOfWorkRequired, .proofOfWorkInvalid) {
                guard proofs < CaptchaMaker.maxProofs else { throw error }
                proofs += 1
                body.proofOfWork = try await prove(error)
            }
        }
    }

    /// Goes on when its caller is cancelled: only the proof of work stops.
    private func create(_ body: Wire.CreateCaptcha) async throws -> Wire.Captcha {
        try await uncancelled { try await api.send(Endpoints.captchasCreate, body) }
    }

    private func prove(_ error: DoorstepError) async throws -> Wire.ProofOfWork {
        guard let work = error.problem?.proofOfWork, work.algorithm == "sha-256" else { throw error }
        let nonce = try await solve(Doorstep.Work(challenge: work.challenge, bits: work.bits))
        return Wire.ProofOfWork(challenge: work.challenge, nonce: nonce)
    }

    private func describe(
        _ wire: Wire.Captcha,
        _ kind: Doorstep.CaptchaKind,
        _ theme: Doorstep.CaptchaTheme?
    ) -> Doorstep.Captcha {
        Doorstep.Captcha(
            id: wire.captchaID,
            kind: kind,
            image: wire.image.flatMap(DataURI.init)?.data,
            audio: wire.audio.flatMap(DataURI.init)?.data,
            mediaType: wire.mediaType,
            prompt: wire.prompt,
            input: wire.input,
            length: wire.length,
            expiresIn: wire.expiresIn,
            maker: self,
            theme: theme
        )
    }
}
