package dev.doorstep.client.flows

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Session
import dev.doorstep.client.generated.ClaimAccount
import dev.doorstep.client.generated.LogIn
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.SendAccountCode
import dev.doorstep.client.generated.VerifyLogin
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.StoredFlow

/** Sign-in with the password, or with a code. */
public class SignIn internal constructor(client: Client, session: Session) :
    AccountFlow(client, session, "signIn", "login") {
    /**
     * Signs in with the password. The step is [Step.DONE], or [Step.CODE] if the service wants a code from a new
     * device. After the error `captcha_required`, call it again with a captcha.
     */
    public suspend fun withPassword(
        phoneNumber: String,
        password: String,
        captcha: CaptchaAnswer? = null,
    ): FlowState = act {
        Action(Operations.loginWithPassword, signsIn = true, sendsDevice = true) { _, device ->
            LogIn(
                phoneNumber = phoneNumber,
                password = password,
                captchaId = captcha?.id,
                captchaAnswer = captcha?.answer,
                deviceToken = device.token,
                clientId = device.clientId,
                deviceName = device.deviceName,
            )
        }
    }

    /** Sends a code. A known device needs no captcha; the error `captcha_required` asks for one. */
    public suspend fun sendCode(phoneNumber: String, captcha: CaptchaAnswer? = null): FlowState = act {
        Action(Operations.loginSendCode, sendsDevice = true) { _, device ->
            accountCode(phoneNumber, captcha, device)
        }
    }

    /** Signs in, or asks whose account it is ([Step.PROVE]). The same code is enough again after an approval. */
    public suspend fun verifyCode(code: String): FlowState =
        next("VerifyCode", signsIn = true, sendsDevice = true) { flow, device -> verifyLogin(flow, code, device) }

    /** "This is my account": proves it with the password, or with this device if the account knows it. */
    public suspend fun claim(password: String? = null): FlowState =
        next("Claim", signsIn = true, sendsDevice = password == null) { flow, device ->
            ClaimAccount(
                ticket = flow.requiredTicket,
                password = password,
                deviceToken = device.token,
                clientId = device.clientId,
                deviceName = device.deviceName,
            )
        }
}

internal fun accountCode(phoneNumber: String, captcha: CaptchaAnswer?, device: DeviceFacts) = SendAccountCode(
    phoneNumber = phoneNumber,
    captchaId = captcha?.id,
    captchaAnswer = captcha?.answer,
    deviceToken = device.token,
    clientId = device.clientId,
)

internal fun verifyLogin(flow: StoredFlow, code: String, device: DeviceFacts) =
    VerifyLogin(
        ticket = flow.requiredTicket,
        code = code,
        deviceToken = device.token,
        clientId = device.clientId,
        deviceName = device.deviceName,
    )
