package dev.doorstep.client.flows

import dev.doorstep.client.Gender
import dev.doorstep.client.Session
import dev.doorstep.client.generated.FlowTicket
import dev.doorstep.client.generated.RequestBody
import dev.doorstep.client.generated.SetPassword
import dev.doorstep.client.generated.StartAnew
import dev.doorstep.client.generated.SubmitProfile
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.PendingAction
import dev.doorstep.client.internal.StoredFlow

/** A flow with a code. */
public abstract class CodeFlow internal constructor(client: Client, session: Session, name: String, via: String) :
    Flow(client, session, name, via) {
    /** Sends the same code again. */
    public suspend fun resendCode(): FlowState = next("ResendCode") { flow, _ -> FlowTicket(flow.requiredTicket) }

    /** Does the next action of the flow: the ticket says which flow, `via` which operation. */
    internal suspend fun next(
        verb: String,
        signsIn: Boolean = false,
        sendsDevice: Boolean = false,
        body: (StoredFlow, DeviceFacts) -> RequestBody,
    ): FlowState = act {
        // A sign-up knows no devices, also if it began as another flow.
        Action(operation(verb), signsIn, sendsDevice && record.data.via != "register", body)
    }
}

/** A flow without a session. It can become a sign-up: "this is not my account". */
public abstract class AccountFlow internal constructor(client: Client, session: Session, name: String, via: String) :
    CodeFlow(client, session, name, via) {
    /** Continues as a sign-up, with an account of its own for the number. [accepted]: the documents in force. */
    public suspend fun startAnew(accepted: Collection<String>? = null): FlowState = next("StartAnew") { flow, _ ->
        StartAnew(ticket = flow.requiredTicket, accepted = accepted?.toList())
    }

    /** Sets the password of the new account. */
    public suspend fun setPassword(password: String): FlowState = next("SetPassword") { flow, _ ->
        SetPassword(ticket = flow.requiredTicket, password = password)
    }

    /**
     * Creates the account and signs in. Where the service does not require a password, it follows the code directly.
     *
     * @param birthday A day: `2000-02-29`.
     */
    public suspend fun submitProfile(
        nickname: String,
        avatarUrl: String? = null,
        gender: Gender? = null,
        birthday: String? = null,
    ): FlowState = next("SubmitProfile", signsIn = true) { flow, device ->
        SubmitProfile(
            ticket = flow.requiredTicket,
            nickname = nickname,
            avatarUrl = avatarUrl,
            gender = gender?.wire,
            birthday = birthday,
            clientId = device.clientId,
            deviceName = device.deviceName,
        )
    }

    override suspend fun accept(pending: PendingAction, answer: FlowAnswer) {
        if (pending.operation.endsWith("StartAnew")) record.continueAs("register")
        super.accept(pending, answer)
    }
}
