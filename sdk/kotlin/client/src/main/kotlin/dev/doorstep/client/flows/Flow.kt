package dev.doorstep.client.flows

import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.Listener
import dev.doorstep.client.Listeners
import dev.doorstep.client.Session
import dev.doorstep.client.Subscription
import dev.doorstep.client.generated.Fields
import dev.doorstep.client.generated.FlowStatus
import dev.doorstep.client.generated.FlowTicket
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.RequestBody
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.PendingAction
import dev.doorstep.client.internal.SendOptions
import dev.doorstep.client.internal.SignInFacts
import dev.doorstep.client.internal.StoredFlow
import dev.doorstep.client.internal.decode
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.serialization.json.JsonObject
import kotlin.math.abs

/**
 * One flow of the user: each method is a step, [state] says what comes next, [resume] continues after a restart. Use
 * one object of a flow at a time. An action goes on when its caller is cancelled.
 */
public abstract class Flow internal constructor(
    internal val client: Client,
    internal val session: Session,
    internal val name: String,
    via: String = name,
) {
    private class Active(val name: String?) {
        lateinit var result: Deferred<FlowState>
    }

    internal val record = FlowRecord(client.vault, client.api.config.clock, name, via)
    private val actions = ActionMaker(client, record)
    private val changed = Listeners<FlowState>()
    private val current = MutableStateFlow(record.state())
    private val order = Mutex()
    private var active: Active? = null

    /** The state after the last action. */
    public val state: FlowState get() = current.value

    /** The state, and each change of it. */
    public val states: StateFlow<FlowState> = current.asStateFlow()

    /** Adds a listener for changes of [state]. */
    public fun onChange(listener: Listener<FlowState>): Subscription = changed.add(listener)

    /**
     * Continues the flow that the app had open when it was closed: repeats the action that was not answered, and asks
     * the service for the step. Without an open flow the step is [Step.START].
     */
    public suspend fun resume(): FlowState = client.run {
        inOrder {
            session.load()
            record.load(session.user?.id)
            val pending = record.data.pending
            if (pending != null) resumeAction(pending) else record.data.ticket?.let { askStatus(it) }
        }
    }

    /** Forgets the flow on this device. */
    public suspend fun cancel(): FlowState = client.run { inOrder { finish(START) } }

    /** Does the action once, whatever happens to requests and answers. A button that is tapped twice is one action. */
    internal suspend fun act(make: () -> Action): FlowState = client.run {
        val action = make()
        val name = nameOf(action)
        val running = active?.takeIf { it.name == name } ?: start(name, action)
        running.result.await()
    }

    private fun start(name: String?, action: Action): Active {
        val now = Active(name)
        active = now
        now.result = client.scope.async {
            try {
                inOrder { perform(action) }
            } finally {
                if (active === now) active = null
            }
        }
        return now
    }

    private suspend fun perform(action: Action) {
        val pending = record.data.pending
        if (pending != null && completeEarlier(pending, action)) return
        prepare(action)
        complete()
    }

    /** The operation of this flow with this verb. */
    internal fun operation(verb: String): Operation<*> = Operations.find(record.data.via + verb)
        ?: throw DoorstepException(ErrorCode.WRONG_STEP, "the flow has no $verb now")

    /** Sends the action. */
    internal open suspend fun send(pending: PendingAction, unanswered: Boolean): FlowAnswer {
        val operation = operationOf(pending)
        val options = SendOptions(
            unanswered = unanswered,
            onLost = { record.unanswered = true },
            idempotencyKey = pending.idempotencyKey.takeIf { operation.idempotencyKey },
        )
        val read = { body: JsonObject -> FlowAnswer.read(operation, body) }
        if (operation.bearer) return session.exchange(operation, pending.body, options, read)
        val key = actions.key(pending.key)
        return client.api.exchange(operation, pending.body, options.copy(key = key), read)
    }

    /** Stores what the answer says. */
    internal open suspend fun accept(pending: PendingAction, answer: FlowAnswer) {
        when (answer) {
            is FlowAnswer.Begins -> {
                session.begin(answer.signedIn, SignInFacts(name, pending.key))
                record.finish()
            }
            is FlowAnswer.Changes -> {
                session.setUser(answer.user, name)
                record.finish()
            }
            is FlowAnswer.Advances -> {
                if (answer.advance.ticket != null) record.continueAs(flowOf(pending.operation))
                record.advance(answer.advance)
            }
            FlowAnswer.Ends -> record.remove(DONE)
        }
    }

    private fun nameOf(action: Action): String? =
        try {
            "${action.operation.id} ${action.ownBody(record.data)}"
        } catch (_: DoorstepException) {
            null
        }

    private suspend fun inOrder(task: suspend () -> Unit): FlowState = order.withLock {
        val before = record.data
        try {
            task()
        } finally {
            current.value = record.state()
            if (record.data != before) changed.emit(current.value)
        }
        current.value
    }

    /** Tells whether the action before was the same or the last of the flow, and has succeeded now. */
    private suspend fun completeEarlier(pending: PendingAction, next: Action): Boolean {
        val body = if (next.operation.id == pending.operation) next.ownBody(record.data) else null
        val isSame = body != null && SUBJECT.all { pending.body[it] == body[it] }
        // The user has corrected the number: nobody waits for a code to the other one.
        if (!isSame && Fields.TICKET !in pending.body) return false
        try {
            complete()
            return isSame || stepOf(record.data.step) == Step.DONE
        } catch (error: DoorstepException) {
            if (error.unanswered) throw error
            return false
        }
    }

    /** Stores the action before it is sent. A password stays in memory. */
    private suspend fun prepare(action: Action) {
        session.load()
        val user = session.user
        if (action.operation.bearer && user != null) record.data = record.data.copy(userId = user.id)
        val prepared = actions.prepare(action)
        record.begin(prepared, SECRETS.any { it in prepared.body }, client.api.config.random)
    }

    /** Sends the pending action until it is answered, and stores the answer. */
    private suspend fun complete() {
        val pending = record.data.pending ?: return
        val answer = try {
            send(pending, record.unanswered)
        } catch (error: DoorstepException) {
            return refused(error, repeated = record.unanswered)
        }
        // Until the answer is stored, the action is repeated: the repetition gets the same answer.
        record.unanswered = true
        accept(pending, answer)
    }

    /** Stores what a refusal says. Throws the error, unless it is the next step of the flow. */
    private suspend fun refused(error: DoorstepException, repeated: Boolean) {
        if (error.unanswered) {
            record.unanswered = true
            throw error
        }
        val problem = error.problem
        if (problem != null && problem.isStep()) {
            val pending = record.data.pending
            if (problem.ticket != null && pending != null) record.continueAs(flowOf(pending.operation))
            return record.question(problem.asked())
        }
        if (endsFlow(error.code, record.data)) finish(ENDED, error.code) else record.refuse(error)
        // The first request was done, and its answer was lost: the service has gone on to this step.
        if (repeated && error.code == ErrorCode.WRONG_STEP && problem?.step != null) return
        throw error
    }

    private suspend fun resumeAction(pending: PendingAction) {
        val isFirst = record.data.ticket == null
        if (isFirst && abs(client.api.config.clock.wall() - pending.at) > STALE) return finish(START)
        try {
            complete()
        } catch (error: DoorstepException) {
            // The state says what the answer was; only a missing answer is an error of `resume`.
            if (error.unanswered) throw error
            record.data.ticket?.let { askStatus(it) }
        }
    }

    private suspend fun askStatus(ticket: String) {
        val operation = Operations.find("${record.data.via}Status") ?: return
        try {
            val status = status(operation, FlowTicket(ticket))
            val reason = status.reason
            if (reason == null) record.advance(status.advance()) else record.question(status.asked(reason))
        } catch (error: DoorstepException) {
            if (endsFlow(error.code, record.data)) return finish(ENDED, error.code)
            // An older service has no status for this flow: the stored step stands.
            if (error.status !in NO_STATUS) throw error
        }
    }

    private suspend fun status(operation: Operation<*>, ticket: RequestBody): FlowStatus {
        val read = { body: JsonObject -> decode(FlowStatus.serializer(), body) }
        val body = ticket.toJson()
        if (operation.bearer) return session.exchange(operation, body, SendOptions(), read)
        return client.api.exchange(operation, body, SendOptions(), read)
    }

    /** Forgets the flow, and the key that it made. */
    private suspend fun finish(step: String, endedBy: String? = null) {
        val key = record.data.key
        record.remove(step, endedBy)
        actions.cleanKey(key)
    }

    private fun operationOf(pending: PendingAction): Operation<*> = Operations.find(pending.operation)
        ?: throw DoorstepException(ErrorCode.WRONG_STEP, "an older version of the app has no ${pending.operation}")

    private companion object {
        /** Fields that say what the user wanted: a retry that differs in other fields only wants the same. */
        val SUBJECT = listOf(
            Fields.PHONE_NUMBER,
            Fields.FORMER_PHONE_NUMBER,
            Fields.CODE,
            Fields.PASSWORD,
            Fields.NEW_PASSWORD,
            Fields.CURRENT_PASSWORD,
        )
        val SECRETS = listOf(Fields.PASSWORD, Fields.NEW_PASSWORD, Fields.CURRENT_PASSWORD)

        /** A first code is not sent again by itself after this time, in milliseconds. */
        const val STALE = 600_000
        val NO_STATUS = setOf(404, 405)

        /** Codes that end a flow of a signed-in user. */
        val SESSION_ENDS = setOf(ErrorCode.SIGNED_OUT, ErrorCode.USER_CHANGED)
        val ENDS = setOf(ErrorCode.TICKET_EXPIRED, ErrorCode.CODE_EXHAUSTED, ErrorCode.PHONE_ALREADY_REGISTERED)

        fun endsFlow(code: String, flow: StoredFlow): Boolean =
            code in SESSION_ENDS || (code in ENDS && flow.ticket != null)

        /** The operations that go on with the ticket of this one. */
        fun flowOf(operation: String): String = operation.replace(Regex("(SendCode|ResendCode|WithPassword)$"), "")
    }
}

/** The ticket of a flow. Throws where no code was requested. */
internal val StoredFlow.requiredTicket: String
    get() = ticket ?: throw DoorstepException(ErrorCode.WRONG_STEP, "request a code first")
