package dev.doorstep.client.blocking

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.flows.Deletion
import dev.doorstep.client.flows.FirstPassword
import dev.doorstep.client.flows.FlowState
import dev.doorstep.client.flows.PasswordReset
import dev.doorstep.client.flows.PhoneChange
import dev.doorstep.client.flows.PhoneConfirmation
import dev.doorstep.client.flows.Reclaim
import dev.doorstep.client.flows.SignIn
import dev.doorstep.client.flows.SignUp

/** [SignUp], with calls that wait. */
public class BlockingSignUp internal constructor(flow: SignUp) : BlockingAccountFlow<SignUp>(flow) {
    /** [SignUp.sendCode]. */
    @JvmOverloads
    public fun sendCode(
        phoneNumber: String,
        captcha: CaptchaAnswer,
        accepted: Collection<String>? = null,
    ): FlowState = wait { flow.sendCode(phoneNumber, captcha, accepted) }

    /** [SignUp.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}

/** [SignIn], with calls that wait. */
public class BlockingSignIn internal constructor(flow: SignIn) : BlockingAccountFlow<SignIn>(flow) {
    /** [SignIn.withPassword]. */
    @JvmOverloads
    public fun withPassword(phoneNumber: String, password: String, captcha: CaptchaAnswer? = null): FlowState =
        wait { flow.withPassword(phoneNumber, password, captcha) }

    /** [SignIn.sendCode]. */
    @JvmOverloads
    public fun sendCode(phoneNumber: String, captcha: CaptchaAnswer? = null): FlowState =
        wait { flow.sendCode(phoneNumber, captcha) }

    /** [SignIn.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }

    /** [SignIn.claim]. */
    @JvmOverloads
    public fun claim(password: String? = null): FlowState = wait { flow.claim(password) }
}

/** [PasswordReset], with calls that wait. */
public class BlockingPasswordReset internal constructor(flow: PasswordReset) :
    BlockingAccountFlow<PasswordReset>(flow) {
    /** [PasswordReset.sendCode]. */
    @JvmOverloads
    public fun sendCode(phoneNumber: String, captcha: CaptchaAnswer? = null): FlowState =
        wait { flow.sendCode(phoneNumber, captcha) }

    /** [PasswordReset.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}

/** [Reclaim], with calls that wait. */
public class BlockingReclaim internal constructor(flow: Reclaim) : BlockingFlow<Reclaim>(flow) {
    /** [Reclaim.sendCode]. */
    @JvmOverloads
    public fun sendCode(
        formerPhoneNumber: String,
        phoneNumber: String,
        captcha: CaptchaAnswer,
        password: String? = null,
    ): FlowState = wait { flow.sendCode(formerPhoneNumber, phoneNumber, captcha, password) }

    /** [Reclaim.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}

/** [PhoneChange], with calls that wait. */
public class BlockingPhoneChange internal constructor(flow: PhoneChange) : BlockingFlow<PhoneChange>(flow) {
    /** [PhoneChange.sendCode]. */
    @JvmOverloads
    public fun sendCode(phoneNumber: String, currentPassword: String? = null): FlowState =
        wait { flow.sendCode(phoneNumber, currentPassword) }

    /** [PhoneChange.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}

/** [PhoneConfirmation], with calls that wait. */
public class BlockingPhoneConfirmation internal constructor(flow: PhoneConfirmation) :
    BlockingFlow<PhoneConfirmation>(flow) {
    /** [PhoneConfirmation.sendCode]. */
    public fun sendCode(): FlowState = wait { flow.sendCode() }

    /** [PhoneConfirmation.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}

/** [FirstPassword], with calls that wait. */
public class BlockingFirstPassword internal constructor(flow: FirstPassword) : BlockingFlow<FirstPassword>(flow) {
    /** [FirstPassword.sendCode]. */
    public fun sendCode(): FlowState = wait { flow.sendCode() }

    /** [FirstPassword.setPassword]. */
    public fun setPassword(code: String, password: String): FlowState = wait { flow.setPassword(code, password) }
}

/** [Deletion], with calls that wait. */
public class BlockingDeletion internal constructor(flow: Deletion) : BlockingAccountFlow<Deletion>(flow) {
    /** [Deletion.withPassword]. */
    public fun withPassword(password: String): FlowState = wait { flow.withPassword(password) }

    /** [Deletion.sendCode]. */
    public fun sendCode(): FlowState = wait { flow.sendCode() }

    /** [Deletion.sendCode]. */
    public fun sendCode(phoneNumber: String, captcha: CaptchaAnswer): FlowState =
        wait { flow.sendCode(phoneNumber, captcha) }

    /** [Deletion.verifyCode]. */
    public fun verifyCode(code: String): FlowState = wait { flow.verifyCode(code) }
}
