package dev.doorstep.client.blocking

import dev.doorstep.client.Gender
import dev.doorstep.client.Listener
import dev.doorstep.client.Subscription
import dev.doorstep.client.flows.AccountFlow
import dev.doorstep.client.flows.CodeFlow
import dev.doorstep.client.flows.Flow
import dev.doorstep.client.flows.FlowState

/** [Flow], with calls that wait. */
public abstract class BlockingFlow<F : CodeFlow> internal constructor(internal val flow: F) {
    /** [Flow.state]. */
    public val state: FlowState get() = flow.state

    /** [Flow.onChange]. */
    public fun onChange(listener: Listener<FlowState>): Subscription = flow.onChange(listener)

    /** [Flow.resume]. */
    public fun resume(): FlowState = wait { flow.resume() }

    /** [Flow.cancel]. */
    public fun cancel(): FlowState = wait { flow.cancel() }

    /** [CodeFlow.resendCode]. */
    public fun resendCode(): FlowState = wait { flow.resendCode() }
}

/** [AccountFlow], with calls that wait. */
public abstract class BlockingAccountFlow<F : AccountFlow> internal constructor(flow: F) : BlockingFlow<F>(flow) {
    /** [AccountFlow.startAnew]. */
    @JvmOverloads
    public fun startAnew(accepted: Collection<String>? = null): FlowState = wait { flow.startAnew(accepted) }

    /** [AccountFlow.setPassword]. */
    public fun setPassword(password: String): FlowState = wait { flow.setPassword(password) }

    /** [AccountFlow.submitProfile]. */
    @JvmOverloads
    public fun submitProfile(
        nickname: String,
        avatarUrl: String? = null,
        gender: Gender? = null,
        birthday: String? = null,
    ): FlowState = wait { flow.submitProfile(nickname, avatarUrl, gender, birthday) }
}
