import type { Api } from './api.js'
import { DoorstepError, hasCode } from './errors.js'
import type { Schemas } from './generated/operations.js'
import type { AbortSignalLike, Solver } from './proof-of-work/solve.js'

export interface CaptchaOptions {
  readonly kind?: 'image' | 'audio'
  /** `light`: dark on light. The default is the choice of the service. */
  readonly theme?: 'light' | 'dark'
  /** Cancels the proof of work. */
  readonly signal?: AbortSignalLike
}

/** A captcha: show it, and send `{ id, answer }` with the code request. It allows one attempt. */
export interface Captcha {
  readonly id: string
  readonly kind: 'image' | 'audio'
  /** The image as a data URI: show it at two or three times its size, without smoothing. */
  readonly image?: string
  /** The recording as a data URI. Do not start it by itself. */
  readonly audio?: string
  /** One sentence for the user, in their language. */
  readonly prompt: string
  /** The keyboard: `text` or `digits`. */
  readonly input: string
  /** Characters of the answer, absent where it varies. */
  readonly length?: number
  /** Seconds from its creation. */
  readonly expiresIn: number
  /** Another captcha of the same kind instead of this one. */
  refresh(options?: Pick<CaptchaOptions, 'signal'>): Promise<Captcha>
}

/** Proofs that the service refuses in a row before the client gives up. */
const MAX_PROOFS = 3

/** Requests a captcha, and does the proof of work if the service wants one. */
export async function createCaptcha(
  api: Api,
  solve: Solver,
  options: CaptchaOptions = {},
  replaces?: string,
): Promise<Captcha> {
  const { kind = 'image', theme, signal } = options
  const base = {
    ...(replaces === undefined ? {} : { replaces }),
    ...(kind === 'image' ? {} : { kind }),
    ...(theme === undefined ? {} : { theme }),
  }
  let proof: Schemas['ProofOfWork'] | undefined
  for (let proofs = 0; ; proofs++) {
    try {
      const body = { ...base, ...(proof && { proof_of_work: proof }) }
      const created = await api.send('captchasCreate', { body })
      const refresh = (more: Pick<CaptchaOptions, 'signal'> = {}) =>
        createCaptcha(api, solve, { ...options, signal: undefined, ...more }, created.captcha_id)
      return { ...describe(created), kind, refresh }
    } catch (error) {
      if (!hasCode(error, 'proof_of_work_required', 'proof_of_work_invalid') || proofs >= MAX_PROOFS) throw error
      proof = await prove(error, solve, signal)
    }
  }
}

async function prove(error: DoorstepError, solve: Solver, signal?: AbortSignalLike): Promise<Schemas['ProofOfWork']> {
  const work = error.problem?.proof_of_work
  if (work?.algorithm !== 'sha-256') throw error
  return { challenge: work.challenge, nonce: await solve(work, signal) }
}

function describe(created: Schemas['Captcha']): Omit<Captcha, 'refresh' | 'kind'> {
  const { captcha_id: id, image, audio, prompt, input, length, expires_in: expiresIn } = created
  return {
    id,
    prompt,
    input,
    expiresIn,
    ...(image ? { image } : {}),
    ...(audio ? { audio } : {}),
    ...(length === undefined ? {} : { length }),
  }
}
