import type { PendingAction } from '../vault.js'
import { Flow, type CaptchaAnswer } from './flow.js'
import type { FlowState } from './state.js'

/** Fields of the last step of a sign-up. */
export interface Profile {
  readonly nickname: string
  readonly avatarUrl?: string
  readonly gender?: 'female' | 'male' | 'other'
  /** A day: `2000-02-29`. */
  readonly birthday?: string
}

/** A flow with a code. */
export abstract class CodeFlow extends Flow {
  /** Sends the same code again. */
  resendCode(): Promise<FlowState> {
    return this.next('ResendCode', () => ({}))
  }
}

/** A flow without a session. It can become a sign-up: "this is not my account". */
export abstract class AccountFlow extends CodeFlow {
  /** Continues as a sign-up, with an account of its own for the number. `accepted`: the documents in force. */
  startAnew(options: { accepted?: readonly string[] } = {}): Promise<FlowState> {
    const accepted = options.accepted && { accepted: [...options.accepted] }
    return this.next('StartAnew', () => ({ ...accepted }))
  }

  /** Sets the password of the new account. */
  setPassword(password: string): Promise<FlowState> {
    return this.next('SetPassword', () => ({ password }))
  }

  /**
   * Creates the account and signs in. Where the service does not require a password, it follows the code directly.
   */
  submitProfile(profile: Profile): Promise<FlowState> {
    const { nickname, avatarUrl: avatar_url, gender, birthday } = profile
    return this.next('SubmitProfile', () => ({ nickname, avatar_url, gender, birthday }), { signsIn: true })
  }

  protected override async accept(pending: PendingAction, answer: unknown): Promise<void> {
    if (pending.operation.endsWith('StartAnew')) this.record.continueAs('register')
    return super.accept(pending, answer)
  }
}

export function captchaFields(captcha: CaptchaAnswer | undefined): Record<string, string> {
  return captcha ? { captcha_id: captcha.id, captcha_answer: captcha.answer } : {}
}
