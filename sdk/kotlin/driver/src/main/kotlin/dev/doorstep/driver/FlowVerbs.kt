package dev.doorstep.driver

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Doorstep
import dev.doorstep.client.flows.AccountFlow
import dev.doorstep.client.flows.CodeFlow
import dev.doorstep.client.flows.Deletion
import dev.doorstep.client.flows.FirstPassword
import dev.doorstep.client.flows.PasswordReset
import dev.doorstep.client.flows.PhoneChange
import dev.doorstep.client.flows.PhoneConfirmation
import dev.doorstep.client.flows.Reclaim
import dev.doorstep.client.flows.SignIn
import dev.doorstep.client.flows.SignUp
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** The verbs of flows. There is one object for each flow. */
internal class FlowVerbs(private val doorstep: Doorstep) {
    private val flows = HashMap<String, CodeFlow>()

    suspend fun run(name: String, verb: String, parameters: JsonObject): JsonElement {
        val flow = checkNotNull(flow(name)) { "no flow $name" }
        when (verb) {
            "state" -> Unit
            "resume" -> flow.resume()
            "resend_code" -> flow.resendCode()
            "send_code" -> sendCode(flow, parameters)
            "verify_code" -> verifyCode(flow, parameters.text("code"))
            "set_password" -> setPassword(flow, parameters)
            "submit_profile" -> submitProfile(flow as AccountFlow, parameters)
            "start_anew" -> (flow as AccountFlow).startAnew(parameters.textsOrNull("accepted"))
            "with_password" -> withPassword(flow, parameters)
            "claim" -> (flow as SignIn).claim(parameters.textOrNull("password"))
            else -> error("no verb $name.$verb")
        }
        return JsonNull
    }

    /** The state of a flow, `null` if there is no flow of this name. */
    fun state(name: String): JsonObject? = flow(name)?.let { described(it.state) }

    @Synchronized
    private fun flow(name: String): CodeFlow? = flows[name] ?: create(name)?.also { flows[name] = it }

    private fun create(name: String): CodeFlow? = when (name) {
        "sign_up" -> doorstep.signUp()
        "sign_in" -> doorstep.signIn()
        "password_reset" -> doorstep.passwordReset()
        "phone_change" -> doorstep.phoneChange()
        "phone_confirmation" -> doorstep.phoneConfirmation()
        "first_password" -> doorstep.firstPassword()
        "deletion" -> doorstep.deletion()
        "reclaim" -> doorstep.reclaim()
        else -> null
    }

    private suspend fun sendCode(flow: CodeFlow, parameters: JsonObject) {
        val number = parameters.textOrNull("phone_number")
        val captcha = solved(parameters)
        when (flow) {
            is SignUp -> flow.sendCode(number!!, captcha!!, parameters.textsOrNull("accepted"))
            is SignIn -> flow.sendCode(number!!, captcha)
            is PasswordReset -> flow.sendCode(number!!, captcha)
            is PhoneChange -> flow.sendCode(number!!, parameters.textOrNull("current_password"))
            is PhoneConfirmation -> flow.sendCode()
            is FirstPassword -> flow.sendCode()
            is Deletion -> if (number == null) flow.sendCode() else flow.sendCode(number, captcha!!)
            is Reclaim -> {
                val former = parameters.text("former_phone_number")
                flow.sendCode(former, number!!, captcha!!, parameters.textOrNull("password"))
            }
        }
    }

    private suspend fun verifyCode(flow: CodeFlow, code: String) {
        when (flow) {
            is SignUp -> flow.verifyCode(code)
            is SignIn -> flow.verifyCode(code)
            is PasswordReset -> flow.verifyCode(code)
            is PhoneChange -> flow.verifyCode(code)
            is PhoneConfirmation -> flow.verifyCode(code)
            is Deletion -> flow.verifyCode(code)
            is Reclaim -> flow.verifyCode(code)
        }
    }

    private suspend fun setPassword(flow: CodeFlow, parameters: JsonObject) {
        val password = parameters.text("password")
        if (flow is FirstPassword) flow.setPassword(parameters.text("code"), password)
        else (flow as AccountFlow).setPassword(password)
    }

    private suspend fun submitProfile(flow: AccountFlow, parameters: JsonObject) {
        flow.submitProfile(
            parameters.text("nickname"),
            gender = genderOf(parameters),
            birthday = parameters.textOrNull("birthday"),
        )
    }

    private suspend fun withPassword(flow: CodeFlow, parameters: JsonObject) {
        val password = parameters.text("password")
        if (flow is Deletion) flow.withPassword(password)
        else (flow as SignIn).withPassword(parameters.text("phone_number"), password, solved(parameters))
    }

    /** A text is the answer to a new captcha; an object names the captcha, too. */
    private suspend fun solved(parameters: JsonObject): CaptchaAnswer? = when (val captcha = parameters["captcha"]) {
        is JsonObject -> CaptchaAnswer(captcha.text("id"), captcha.text("answer"))
        is JsonPrimitive -> doorstep.captcha().answer(captcha.content)
        else -> null
    }
}
