package dev.doorstep.client.flows

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Session
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.SendSignUpCode
import dev.doorstep.client.generated.VerifyCode
import dev.doorstep.client.internal.Client

/** Sign-up: code, password, profile. The user is signed in after it. */
public class SignUp internal constructor(client: Client, session: Session) :
    AccountFlow(client, session, "signUp", "register") {
    /**
     * Sends a code.
     *
     * @param accepted The documents that the user has accepted. The error `consent_required` lists those in force, and
     * leaves the captcha unused.
     */
    public suspend fun sendCode(
        phoneNumber: String,
        captcha: CaptchaAnswer,
        accepted: Collection<String>? = null,
    ): FlowState = act {
        Action(Operations.registerSendCode) { _, device ->
            SendSignUpCode(
                phoneNumber = phoneNumber,
                captchaId = captcha.id,
                captchaAnswer = captcha.answer,
                accepted = accepted?.toList(),
                clientId = device.clientId,
            )
        }
    }

    /** Proves the number. */
    public suspend fun verifyCode(code: String): FlowState = next("VerifyCode") { flow, _ ->
        VerifyCode(ticket = flow.requiredTicket, code = code)
    }
}
