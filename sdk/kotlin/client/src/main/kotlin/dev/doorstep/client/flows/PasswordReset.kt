package dev.doorstep.client.flows

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Session
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.VerifyOwnerCode
import dev.doorstep.client.internal.Client

/** A new password by code. It signs out every device, and signs in none: continue with the sign-in. */
public class PasswordReset internal constructor(client: Client, session: Session) :
    AccountFlow(client, session, "passwordReset", "passwordReset") {
    /** Sends a code. A known device needs no captcha; the error `captcha_required` asks for one. */
    public suspend fun sendCode(phoneNumber: String, captcha: CaptchaAnswer? = null): FlowState = act {
        Action(Operations.passwordResetSendCode, sendsDevice = true) { _, device ->
            accountCode(phoneNumber, captcha, device)
        }
    }

    /** Proves the number, or asks whose account it is ([Step.PROVE]). */
    public suspend fun verifyCode(code: String): FlowState =
        next("VerifyCode", sendsDevice = true) { flow, device ->
            VerifyOwnerCode(ticket = flow.requiredTicket, code = code, deviceToken = device.token)
        }
}
