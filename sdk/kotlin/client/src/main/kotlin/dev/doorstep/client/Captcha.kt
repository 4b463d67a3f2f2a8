package dev.doorstep.client

import dev.doorstep.client.generated.CreateCaptcha
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.ProofOfWork
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.bytesOfDataUri
import dev.doorstep.client.generated.Captcha as WireCaptcha

/** Kind of a captcha. */
public enum class CaptchaKind(internal val wire: dev.doorstep.client.generated.CaptchaKind) {
    IMAGE(dev.doorstep.client.generated.CaptchaKind.IMAGE),
    AUDIO(dev.doorstep.client.generated.CaptchaKind.AUDIO),
}

/** Theme of an image. */
public enum class CaptchaTheme(internal val wire: dev.doorstep.client.generated.CaptchaTheme) {
    /** Dark on light. */
    LIGHT(dev.doorstep.client.generated.CaptchaTheme.LIGHT),

    /** Light on dark. */
    DARK(dev.doorstep.client.generated.CaptchaTheme.DARK),
}

/** A solved captcha. */
public class CaptchaAnswer(public val id: String, public val answer: String)

/**
 * A captcha: show it, and send its [answer] with the code request. It allows one attempt.
 *
 * @property image The image as a file: show it at two or three times its size, without smoothing.
 * @property audio The recording as a file. Do not start it by itself.
 * @property mediaType Media type of the file: `image/png`, `audio/wav`.
 * @property prompt One sentence for the user, in their language.
 * @property input The keyboard: `text` or `digits`, or one of a newer service.
 * @property length Characters of the answer, `null` where it varies.
 * @property expiresIn Seconds from its creation.
 */
public class Captcha internal constructor(
    public val id: String,
    public val kind: CaptchaKind,
    public val image: ByteArray?,
    public val audio: ByteArray?,
    public val mediaType: String,
    public val prompt: String,
    public val input: String,
    public val length: Int?,
    public val expiresIn: Long,
    private val replace: suspend () -> Captcha,
) {
    /** The entry of the user, for the methods of the flows. */
    public fun answer(text: String): CaptchaAnswer = CaptchaAnswer(id, text)

    /** Another captcha of the same kind in place of this one. */
    public suspend fun refresh(): Captcha = replace()

    override fun toString(): String = "Captcha $id"
}

/** Creates captchas, and does the proof of work that the service may want. */
internal class Captchas(private val client: Client, private val solver: ProofOfWorkSolver) {
    /** Only the requests survive their caller: a proof of work is cancelled with it. */
    suspend fun create(kind: CaptchaKind, theme: CaptchaTheme?, replaces: String? = null): Captcha {
        var proof: ProofOfWork? = null
        for (proofs in 0..MAX_PROOFS) {
            val body = CreateCaptcha(
                replaces = replaces,
                kind = kind.wire.takeIf { kind != CaptchaKind.IMAGE },
                theme = theme?.wire,
                proofOfWork = proof,
            )
            try {
                val created = client.run { client.api.send(Operations.captchasCreate, body) }
                return describe(created, kind) { create(kind, theme, created.captchaId) }
            } catch (error: DoorstepException) {
                val wantsProof = error.hasCode(ErrorCode.PROOF_OF_WORK_REQUIRED, ErrorCode.PROOF_OF_WORK_INVALID)
                if (!wantsProof || proofs == MAX_PROOFS) throw error
                proof = prove(error)
            }
        }
        error("every round returns or throws")
    }

    private suspend fun prove(error: DoorstepException): ProofOfWork {
        val work = error.problem?.proofOfWork
        val challenge = work?.challenge?.takeIf { work.algorithm == ALGORITHM } ?: throw error
        val bits = work.bits ?: throw error
        return ProofOfWork(challenge, solver.solve(challenge, bits.toInt()))
    }

    private fun describe(created: WireCaptcha, kind: CaptchaKind, replace: suspend () -> Captcha) = Captcha(
        id = created.captchaId,
        kind = kind,
        image = created.image?.let(::bytesOfDataUri),
        audio = created.audio?.let(::bytesOfDataUri),
        mediaType = created.mediaType,
        prompt = created.prompt,
        input = created.input,
        length = created.length?.toInt(),
        expiresIn = created.expiresIn,
        replace = replace,
    )

    private companion object {
        /** Proofs that the service refuses in a row before the client gives up. */
        const val MAX_PROOFS = 3
        const val ALGORITHM = "sha-256"
    }
}
