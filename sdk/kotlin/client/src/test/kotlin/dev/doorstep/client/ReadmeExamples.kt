// The blocks of README.md, as it has them: the compiler reads them here, and ReadmeTest runs them.
@file:Suppress("UNUSED_EXPRESSION", "UNUSED_VARIABLE", "UnusedVariable")

package dev.doorstep.client

import okhttp3.Request
import java.io.File

internal class ReadmeExamples(private val url: String) {
    val shown = ArrayList<Any?>()

    private fun show(vararg values: Any?) {
        shown.addAll(values)
    }

    private fun showSignIn(reason: SignedOutReason) {
        shown += reason
    }

    fun open(folder: File): Doorstep {
        val doorstep = Doorstep("https://id.example.com") {
            store = FileStore(folder)
            deviceName = "Laptop" // the user sees it in the list of devices
        }
        doorstep.session.state
        return Doorstep(url) { store = FileStore(folder) }
    }

    suspend fun signUp(doorstep: Doorstep) {
        val captcha = doorstep.captcha(theme = CaptchaTheme.LIGHT)
        show(captcha.image, captcha.prompt) // captcha.input is the keyboard

        val flow = doorstep.signUp()
        flow.sendCode("138 0013 8000", captcha.answer("ADEHLM"))
        flow.verifyCode("042137")
        flow.setPassword("correct horse battery")
        flow.submitProfile("Ada")
        doorstep.session.user?.phoneNumber // +8613800138000
    }

    suspend fun resume(doorstep: Doorstep) {
        val flow = doorstep.signUp()
        flow.resume() // `START` if nothing was open
    }

    suspend fun signIn(doorstep: Doorstep, phoneNumber: String, password: String) {
        val flow = doorstep.signIn()
        flow.withPassword(phoneNumber, password)
    }

    suspend fun signInWithCode(doorstep: Doorstep, phoneNumber: String, captcha: CaptchaAnswer, code: String) {
        val flow = doorstep.signIn()
        flow.sendCode(phoneNumber, captcha) // a known device needs no captcha
        flow.verifyCode(code)
    }

    suspend fun request(doorstep: Doorstep): Request {
        val request = Request.Builder()
            .url("https://api.example.com/orders")
            .header("authorization", "Bearer ${doorstep.session.accessToken()}")
            .build()
        return request
    }

    suspend fun session(doorstep: Doorstep) {
        doorstep.session.onSignedOut { reason -> showSignIn(reason) }
        doorstep.session.restore() // SIGNED_IN, SIGNED_OUT or KEY_LOST; needs no network
        doorstep.account.update(nickname = "Ada", clear = setOf(ProfileField.BIRTHDAY))
        doorstep.session.signOut()
    }

    suspend fun errors(flow: dev.doorstep.client.flows.SignIn, code: String) {
        try {
            flow.verifyCode(code)
        } catch (error: DoorstepException) {
            when (error.code) {
                ErrorCode.CODE_WRONG -> show("Wrong code, ${error.attemptsLeft} attempts left")
                ErrorCode.NETWORK -> show("No connection. Please try again.") // the same call goes on
                else -> show(error.userMessage)
            }
        }
    }
}
