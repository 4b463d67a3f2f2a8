import { AccountFlow, captchaFields } from './account-flow.js'
import type { CaptchaAnswer, Context } from './flow.js'
import type { FlowState } from './state.js'

/** A new password by code. It signs out every device, and signs in none: continue with the sign-in. */
export class PasswordReset extends AccountFlow {
  constructor(context: Context) {
    super(context, 'passwordReset')
  }

  /** Sends a code. A known device needs no captcha; the error `captcha_required` asks for one. */
  sendCode(options: { phoneNumber: string; captcha?: CaptchaAnswer }): Promise<FlowState> {
    const { phoneNumber: phone_number, captcha } = options
    return this.act({
      operation: 'passwordResetSendCode',
      body: () => ({ phone_number, ...captchaFields(captcha) }),
      device: true,
    })
  }

  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }), { device: true })
  }
}
