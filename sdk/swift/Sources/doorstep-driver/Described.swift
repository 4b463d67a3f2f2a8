import Doorstep
import Foundation

// Values of the client with the names of the protocol.

func described(_ error: any Error) -> Members {
    guard let error = error as? DoorstepError else { return ["code": "defect", "message": "\(error)"] }
    return present([
        "code": error.code.rawValue,
        "status": error.status,
        "message": error.message,
        "retry_after": error.retryAfter,
        "attempts_left": error.attemptsLeft,
        "documents": error.documents,
        "fields": error.fields.map {
            ["field": $0.field, "pointer": $0.pointer, "code": $0.code, "detail": $0.detail]
        },
    ])
}

func described(_ state: Doorstep.FlowState) -> Members {
    present([
        "step": state.step.rawValue,
        "server_step": state.serverStep,
        "phone_number": state.phoneNumber,
        "attempts_left": state.attemptsLeft,
        "ended_by": state.endedBy?.rawValue,
        "resend_in": state.resendIn(),
        "expires_in": state.expiresIn(),
        "question": state.question.map { question in
            present([
                "reason": question.reason.rawValue,
                "act": question.act,
                "retry_after": question.retryAfter,
                "start_anew": question.startAnew,
            ])
        },
    ])
}

func described(_ captcha: Doorstep.Captcha) -> Members {
    present([
        "id": captcha.id,
        "kind": captcha.kind.rawValue,
        "media_type": captcha.mediaType,
        "prompt": captcha.prompt,
        "input": captcha.input,
        "length": captcha.length,
        "expires_in": captcha.expiresIn,
    ])
}

func described(_ user: Doorstep.User) -> Members {
    [
        "id": user.id,
        "phone_number": user.phoneNumber ?? NSNull(),
        "phone_confirm_due": user.phoneConfirmDue,
        "has_password": user.hasPassword,
        "nickname": user.nickname,
        "avatar_url": user.avatarURL?.absoluteString ?? NSNull(),
        "gender": user.gender?.rawValue ?? NSNull(),
        "birthday": user.birthday ?? NSNull(),
        "consent_due": user.consentDue,
        "created_at": text(user.createdAt),
        "updated_at": text(user.updatedAt),
    ]
}

func described(_ session: Doorstep.DeviceSession) -> Members {
    present([
        "id": session.id,
        "device_name": session.deviceName,
        "current": session.current,
        "created_at": text(session.createdAt),
        "last_used_at": text(session.lastUsedAt),
        "expires_at": text(session.expiresAt),
        "known_device": session.knownDevice,
        "device_known_since": session.deviceKnownSince.map(text),
    ])
}

func described(_ act: Doorstep.PendingAct) -> Members {
    present([
        "id": act.id,
        "kind": act.kind,
        "phone_number": act.phoneNumber,
        "device_name": act.deviceName,
        "own": act.own,
        "approved": act.approved,
        "asked_at": text(act.askedAt),
        "ready_at": text(act.readyAt),
        "expires_at": text(act.expiresAt),
    ])
}

private func present(_ members: [String: Any?]) -> Members {
    members.compactMapValues { $0 }
}

private func text(_ date: Date) -> String {
    ISO8601DateFormatter().string(from: date)
}
