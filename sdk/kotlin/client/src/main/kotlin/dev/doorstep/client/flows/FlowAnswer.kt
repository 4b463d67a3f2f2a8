package dev.doorstep.client.flows

import dev.doorstep.client.ErrorCode
import dev.doorstep.client.generated.CodeSent
import dev.doorstep.client.generated.FlowStatus
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.Problem
import dev.doorstep.client.generated.SignedIn
import dev.doorstep.client.generated.StepDone
import dev.doorstep.client.generated.User
import dev.doorstep.client.internal.decode
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.json.JsonObject

/** The step of a flow, as an answer describes it. Durations are in seconds. */
internal class Advance(
    val step: String?,
    val ticket: String? = null,
    val phoneNumber: String? = null,
    val expiresIn: Long? = null,
    val resendIn: Long? = null,
    val attemptsLeft: Long? = null,
)

/** An error, or a status, that asks whose account it is. */
internal class Asked(
    val code: String,
    val act: String?,
    val retryAfter: Long?,
    val startAnew: Boolean?,
    val advance: Advance,
)

/** Answer to an action of a flow. */
internal sealed interface FlowAnswer {
    class Begins(val signedIn: SignedIn) : FlowAnswer
    class Changes(val user: User) : FlowAnswer
    class Advances(val advance: Advance) : FlowAnswer
    object Ends : FlowAnswer

    companion object {
        /** Reads an answer by its form: a newer service may have another step here. */
        fun read(operation: Operation<*>, body: JsonObject): FlowAnswer = when {
            "access_token" in body && "user" in body -> Begins(decode(SignedIn.serializer(), body))
            "nickname" in body -> Changes(decode(User.serializer(), body))
            "step" in body && "ticket" in body -> Advances(decode(CodeSent.serializer(), body).advance())
            "step" in body -> Advances(decode(StepDone.serializer(), body).advance())
            operation.answer == Unit.serializer() -> Ends
            else -> throw SerializationException("an answer of no known form")
        }
    }
}

private fun CodeSent.advance() = Advance(step, ticket, phoneNumber, expiresIn, resendIn, attemptsLeft)

private fun StepDone.advance() = Advance(step, expiresIn = expiresIn)

internal fun FlowStatus.advance() = Advance(step, null, phoneNumber, expiresIn, resendIn, attemptsLeft)

internal fun FlowStatus.asked(reason: String) = Asked(reason, act, retryAfter, startAnew, advance())

internal fun Problem.asked() = Asked(
    code,
    act,
    retryAfter,
    startAnew,
    Advance(step, ticket, expiresIn = expiresIn, resendIn = resendIn, attemptsLeft = attemptsLeft),
)

/** Tells whether an error is a step of the flow, and not a failure of the call. */
internal fun Problem.isStep(): Boolean =
    code != ErrorCode.WRONG_STEP && (ticket != null || step != null || isQuestion(code))
