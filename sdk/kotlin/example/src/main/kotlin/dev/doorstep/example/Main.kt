package dev.doorstep.example

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Doorstep
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.FileStore
import dev.doorstep.client.SessionState
import dev.doorstep.client.flows.SignUp
import dev.doorstep.client.flows.Step
import kotlinx.coroutines.runBlocking
import java.io.File

private const val DEVELOPMENT = "http://127.0.0.1:8080"

/** Signs a user up on the terminal, or greets the user who is signed in: `Main [URL of the service]`. */
internal fun main(arguments: Array<String>): Unit = runBlocking {
    val folder = File(System.getProperty("user.home"), ".doorstep-example")
    val doorstep = Doorstep(arguments.firstOrNull() ?: DEVELOPMENT) {
        store = FileStore(folder)
        deviceName = "Terminal"
        language = System.getenv("LANG")?.substringBefore('.')?.replace('_', '-')?.takeIf { it != "C" }
    }
    val session = doorstep.session
    session.onSignedOut { reason -> println("Signed out: $reason") }
    if (session.restore() != SessionState.SIGNED_IN) signUp(doorstep)
    println("Hello ${session.user?.nickname}! Your access token has ${session.accessToken().length} characters.")
    if (ask("Sign out (y/n)") == "y") session.signOut()
}

private suspend fun signUp(doorstep: Doorstep) {
    val flow = doorstep.signUp()
    flow.resume()
    while (flow.state.step != Step.DONE) {
        try {
            next(doorstep, flow)
        } catch (error: DoorstepException) {
            println(error.userMessage)
            if (error.code == ErrorCode.PHONE_ALREADY_REGISTERED) return signIn(doorstep)
        }
    }
}

/** Asks for what the step of the flow needs. */
private suspend fun next(doorstep: Doorstep, flow: SignUp) {
    val state = flow.state
    when (state.step) {
        Step.START -> flow.sendCode(ask("Phone number"), solve(doorstep))
        Step.CODE -> flow.verifyCode(ask("Code (${state.attemptsLeft} attempts, ${state.expiresIn()} s)"))
        Step.PASSWORD -> flow.setPassword(ask("New password"))
        Step.PROFILE -> flow.submitProfile(ask("Nickname"))
        Step.ENDED -> flow.cancel()
        else -> error("the service has the step ${state.serverStep}: this program is too old for it")
    }
}

private suspend fun signIn(doorstep: Doorstep) {
    doorstep.signIn().withPassword(ask("Phone number"), ask("Password"))
}

/** Shows a captcha as a file. In development the answer `letmein` passes. */
private suspend fun solve(doorstep: Doorstep): CaptchaAnswer {
    val captcha = doorstep.captcha()
    val file = File.createTempFile("captcha", ".png")
    captcha.image?.let(file::writeBytes)
    return captcha.answer(ask("${captcha.prompt} ($file)")).also { file.delete() }
}

private fun ask(question: String): String {
    print("$question: ")
    return readlnOrNull()?.trim() ?: throw IllegalStateException("the input has ended")
}
