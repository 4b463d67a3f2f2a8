package dev.doorstep.client.flows

import dev.doorstep.client.Clock
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.RandomSource
import dev.doorstep.client.internal.PendingAction
import dev.doorstep.client.internal.StoredFlow
import dev.doorstep.client.internal.Vault
import dev.doorstep.client.name

/** The state of one flow: in memory with the monotonic clock, and in the store for a restart. */
internal class FlowRecord(
    private val vault: Vault,
    private val clock: Clock,
    private val name: String,
    private val via: String,
) {
    var data = StoredFlow(START, via = via)

    /** The pending action was sent, and nobody knows whether the service has done it. */
    var unanswered = false
    private var endedBy: String? = null

    /** The pending action has a password, and is not stored. */
    private var inMemory = false

    /** Times on the monotonic clock. */
    private var expires = 0L
    private var resend = 0L

    fun state() = FlowState(data, clock, expires, resend, endedBy)

    /** Reads the flow of an earlier start of the app. */
    suspend fun load(userId: String?) {
        val stored = vault.read().flows[name] ?: return
        if (stored.userId != null && stored.userId != userId) return
        // An action that is pending in memory is newer than the store.
        if (data.pending != null) return
        data = stored
        unanswered = stored.pending != null
        inMemory = false
        endedBy = null
        // The clock of the device may have been set since: this is a hint until the service answers.
        val since = clock.monotonic() - clock.wall()
        expires = (stored.expiresAt ?: 0) + since
        resend = (stored.resendAt ?: 0) + since
    }

    /** Stores an action before it is sent. */
    suspend fun begin(action: Prepared, inMemory: Boolean, random: RandomSource) {
        val step = if (data.step == DONE || data.step == ENDED) START else data.step
        val pending = PendingAction(action.operation, action.body, random.name(), action.key, clock.wall())
        data = data.copy(step = step, pending = pending)
        unanswered = false
        endedBy = null
        this.inMemory = inMemory
        try {
            save()
        } catch (error: Exception) {
            // Nothing was sent.
            data = data.copy(pending = null)
            throw error
        }
    }

    /** The service has gone on to the step of the answer. */
    suspend fun advance(answer: Advance) {
        val step = answer.step ?: data.step
        val isCode = stepOf(step) == Step.CODE
        val next = data.copy(
            step = step,
            ticket = answer.ticket ?: data.ticket,
            phone = answer.phoneNumber ?: data.phone,
            attemptsLeft = if (isCode) answer.attemptsLeft?.toInt() ?: data.attemptsLeft else null,
            question = data.question.takeIf { stepOf(step) == Step.PROVE },
            pending = null,
        )
        put(withTimes(next, answer.expiresIn, answer.resendIn))
    }

    /** The flow goes on as another: `start-anew` makes it a sign-up. */
    fun continueAs(via: String) {
        data = data.copy(via = via)
    }

    /** A right code was not enough, or a code was sent to a new device. */
    suspend fun question(asked: Asked) {
        val from = asked.advance
        val step = from.step ?: if (from.ticket == null) PROVE_ACCOUNT else VERIFY_CODE
        if (stepOf(step) == Step.PROVE) data = data.copy(question = questionOf(asked, clock.wall()))
        advance(Advance(step, from.ticket, from.phoneNumber, from.expiresIn, from.resendIn, from.attemptsLeft))
    }

    /** Stores what a refused action changes. */
    suspend fun refuse(error: DoorstepException) {
        val problem = error.problem
        val otherStep = problem?.step?.takeIf { error.code == ErrorCode.WRONG_STEP }
        val next = data.copy(
            step = otherStep ?: data.step,
            attemptsLeft = error.attemptsLeft ?: data.attemptsLeft,
            pending = null,
        )
        val isEarly = error.code == ErrorCode.RESEND_COOLDOWN
        put(withTimes(next, null, if (isEarly) problem?.resendIn ?: error.retryAfter else null))
    }

    /** The flow is over, or forgotten. */
    suspend fun remove(step: String, endedBy: String? = null) {
        vault.update { it.copy(flows = it.flows - name) }
        finish(step, endedBy)
    }

    /** The flow is over, and the store knows. */
    fun finish(step: String = DONE, endedBy: String? = null) {
        data = StoredFlow(step, via = via, phone = data.phone)
        unanswered = false
        this.endedBy = endedBy
        expires = 0
        resend = 0
    }

    private suspend fun put(next: StoredFlow) {
        val before = data
        data = next
        try {
            save()
        } catch (error: Exception) {
            // The action stays pending: its repetition gets the same answer.
            data = before
            unanswered = true
            throw error
        }
        unanswered = false
    }

    private suspend fun save() {
        val stored = if (inMemory) data.copy(pending = null) else data
        val isOpen = stored.ticket != null || stored.pending != null
        vault.update { it.copy(flows = if (isOpen) it.flows + (name to stored) else it.flows - name) }
    }

    private fun withTimes(flow: StoredFlow, expiresIn: Long?, resendIn: Long?): StoredFlow {
        val (now, wall) = clock.monotonic() to clock.wall()
        expiresIn?.let { expires = now + it * MILLISECONDS }
        resendIn?.let { resend = now + it * MILLISECONDS }
        return flow.copy(
            expiresAt = expiresIn?.let { wall + it * MILLISECONDS } ?: flow.expiresAt,
            resendAt = resendIn?.let { wall + it * MILLISECONDS } ?: flow.resendAt,
        )
    }
}
