package dev.doorstep.client.flows

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Session
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.internal.Client
import dev.doorstep.client.generated.Reclaim as ReclaimBody

/** "My number has changed": an account that lost its number gets a new one, and is signed in. */
public class Reclaim internal constructor(client: Client, session: Session) :
    CodeFlow(client, session, "reclaim", "reclaim") {
    /** Sends a code to the new number. Without a password, this device must be known to the account. */
    public suspend fun sendCode(
        formerPhoneNumber: String,
        phoneNumber: String,
        captcha: CaptchaAnswer,
        password: String? = null,
    ): FlowState = act {
        Action(Operations.reclaimSendCode, sendsDevice = password == null) { _, device ->
            ReclaimBody(
                formerPhoneNumber = formerPhoneNumber,
                phoneNumber = phoneNumber,
                password = password,
                captchaId = captcha.id,
                captchaAnswer = captcha.answer,
                deviceToken = device.token,
                clientId = device.clientId,
            )
        }
    }

    /** Gives the account its new number, and signs in. */
    public suspend fun verifyCode(code: String): FlowState =
        next("VerifyCode", signsIn = true, sendsDevice = true) { flow, device -> verifyLogin(flow, code, device) }
}
