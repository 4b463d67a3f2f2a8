package dev.doorstep.client.flows

import dev.doorstep.client.Session
import dev.doorstep.client.generated.ChangePassword
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.SendOwnCode
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.PendingAction
import dev.doorstep.client.internal.SendOptions

/** A password for an account that has none, by a code to its own number. */
public class FirstPassword internal constructor(client: Client, session: Session) :
    CodeFlow(client, session, "firstPassword", "firstPassword") {
    /** Sends a code to the number of the account. */
    public suspend fun sendCode(): FlowState = act {
        Action(Operations.firstPasswordSendCode) { _, device -> SendOwnCode(clientId = device.clientId) }
    }

    /** Sets the password, and signs out every other device. */
    public suspend fun setPassword(code: String, password: String): FlowState = act {
        Action(Operations.meChangePassword) { flow, _ ->
            ChangePassword(ticket = flow.requiredTicket, code = code, newPassword = password)
        }
    }

    override suspend fun send(pending: PendingAction, unanswered: Boolean): FlowAnswer {
        if (pending.operation != Operations.meChangePassword.id) return super.send(pending, unanswered)
        val options = SendOptions(idempotencyKey = pending.idempotencyKey, unanswered = unanswered)
        session.changePassword(pending.body, options, name)
        return FlowAnswer.Ends
    }
}
