import type { CaptchaTexts } from './captcha-field'
import type { Language } from './language'

export const captchaTexts: Record<Language, CaptchaTexts> = {
  en: {
    captcha: 'Security check',
    captchaAnswer: 'Your answer',
    captchaLoading: 'Preparing the security check…',
    captchaOther: 'Another one',
    captchaListen: 'Listen instead',
    captchaLook: 'Show a picture',
    captchaPicture: 'Picture with characters. If you cannot read it, choose “Listen instead”.',
    captchaSound: 'Recording of the security check',
    captchaDigits: 'Type the digits that you hear.',
    captchaRetry: 'Try again',
    captchaNew: 'A new security check is ready.',
  },
  zh: {
    captcha: '安全验证',
    captchaAnswer: '您的答案',
    captchaLoading: '正在准备安全验证…',
    captchaOther: '换一个',
    captchaListen: '改用语音',
    captchaLook: '改用图片',
    captchaPicture: '包含字符的图片。如果无法看清，请选择“改用语音”。',
    captchaSound: '安全验证的录音',
    captchaDigits: '请输入您听到的数字。',
    captchaRetry: '重试',
    captchaNew: '新的安全验证已就绪。',
  },
}
