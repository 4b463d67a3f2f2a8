package dev.doorstep.client.flows

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Session
import dev.doorstep.client.generated.DeleteMe
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.SendCode
import dev.doorstep.client.generated.SendOwnCode
import dev.doorstep.client.generated.VerifyOwnerCode
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.PendingAction

/**
 * Deletion of the account: in the app with a session, or on a page without one, with a number and a captcha. A deletion
 * by a code alone is held for some time ([Step.PROVE]).
 */
public class Deletion internal constructor(client: Client, session: Session) :
    AccountFlow(client, session, IN_APP, IN_APP) {
    /** Deletes the account of this session at once. */
    public suspend fun withPassword(password: String): FlowState = act {
        Action(Operations.deletionConfirm) { _, _ -> DeleteMe(password = password) }
    }

    /** Sends a code to the number of the session. */
    public suspend fun sendCode(): FlowState = act {
        Action(Operations.deletionSendCode) { _, device -> SendOwnCode(clientId = device.clientId) }
    }

    /** Sends a code to a number, without a session. */
    public suspend fun sendCode(phoneNumber: String, captcha: CaptchaAnswer): FlowState = act {
        Action(Operations.accountDeletionSendCode) { _, device ->
            SendCode(
                phoneNumber = phoneNumber,
                captchaId = captcha.id,
                captchaAnswer = captcha.answer,
                clientId = device.clientId,
            )
        }
    }

    /** Deletes the account, or holds the deletion. */
    public suspend fun verifyCode(code: String): FlowState = act {
        if (record.data.via == IN_APP) {
            Action(Operations.deletionConfirm) { flow, _ -> DeleteMe(ticket = flow.requiredTicket, code = code) }
        } else {
            Action(Operations.accountDeletionVerifyCode, sendsDevice = true) { flow, device ->
                VerifyOwnerCode(ticket = flow.requiredTicket, code = code, deviceToken = device.token)
            }
        }
    }

    override suspend fun send(pending: PendingAction, unanswered: Boolean): FlowAnswer {
        if (pending.operation != Operations.deletionConfirm.id) return super.send(pending, unanswered)
        session.delete(pending.body, unanswered)
        return FlowAnswer.Ends
    }

    private companion object {
        const val IN_APP = "deletion"
    }
}
