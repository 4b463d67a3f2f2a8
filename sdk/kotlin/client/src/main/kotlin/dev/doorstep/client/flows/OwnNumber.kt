package dev.doorstep.client.flows

import dev.doorstep.client.Session
import dev.doorstep.client.generated.ChangePhone
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.SendOwnCode
import dev.doorstep.client.generated.VerifyCode
import dev.doorstep.client.internal.Client

/** Another number for the account of the session. */
public class PhoneChange internal constructor(client: Client, session: Session) :
    CodeFlow(client, session, "phoneChange", "phoneChange") {
    /** Sends a code to the new number. An account with a password needs it. */
    public suspend fun sendCode(phoneNumber: String, currentPassword: String? = null): FlowState = act {
        Action(Operations.phoneChangeSendCode) { _, device ->
            ChangePhone(
                phoneNumber = phoneNumber,
                currentPassword = currentPassword,
                clientId = device.clientId,
            )
        }
    }

    /** Changes the number, or holds the change ([Step.PROVE]): repeat the flow after the time of its question. */
    public suspend fun verifyCode(code: String): FlowState = next("VerifyCode") { flow, _ ->
        VerifyCode(ticket = flow.requiredTicket, code = code)
    }
}

/** "Is this still your number?" */
public class PhoneConfirmation internal constructor(client: Client, session: Session) :
    CodeFlow(client, session, "phoneConfirmation", "phoneConfirmation") {
    /** Sends a code to the number of the account. */
    public suspend fun sendCode(): FlowState = act {
        Action(Operations.phoneConfirmationSendCode) { _, device -> SendOwnCode(clientId = device.clientId) }
    }

    /** Proves the number. */
    public suspend fun verifyCode(code: String): FlowState = next("VerifyCode") { flow, _ ->
        VerifyCode(ticket = flow.requiredTicket, code = code)
    }
}
