import { captchaTexts } from '../shared/captcha-texts'
import type { Language } from '../shared/language'

const en = {
  ...captchaTexts.en,
  phoneTitle: 'Ask for the deletion',
  phone: 'Phone number',
  phoneHint: 'The number of your account. Add the country code, like +86, if it is not a local number.',
  sendCode: 'Send code',
  busy: 'One moment…',
  required: 'Please fill this in.',
  codeTitle: 'Enter the code',
  codeText: (phone: string) =>
    `If ${phone} has an account, a message with a code is on its way. It can take a minute.`,
  code: 'Code',
  codeHint: '6 digits, from the message',
  confirm: 'Delete my account',
  confirmText: (app: string) => `With this code you ask us to delete your ${app} account.`,
  resend: 'Send again',
  resendIn: (seconds: number) => `Send again in ${seconds} s`,
  resent: 'The code was sent again.',
  otherNumber: 'Use another number',
  heldTitle: 'We have received your request',
  heldText: (time: string) =>
    `For your safety, the deletion has a waiting time. Come back to this page in ${time} and confirm with a new code.`,
  heldWhen: (moment: string) => `You can confirm from ${moment}, for one week.`,
  heldApp: 'If you are signed in to the app, you can approve or refuse the deletion there.',
  heldOther: 'You have this number, and the account is not yours? Sign up in the app: you get an account of your own.',
  refusedTitle: 'The owner has refused',
  refusedText: 'The deletion was refused on a device that is signed in to this account. Nothing is deleted.',
  refusedAgain: (time: string) => `You can ask again in ${time}.`,
  doneTitle: 'Done',
  doneText: (days: string) => `This number has no account any more. Remaining data is deleted within ${days} days.`,
  doneAgain: 'You can close this page.',
  ended: 'This has ended. Please start again.',
  startAgain: 'Start again',
}

export type Texts = typeof en

const zh: Texts = {
  ...captchaTexts.zh,
  phoneTitle: '申请注销',
  phone: '手机号',
  phoneHint: '账号绑定的手机号。如不是本地号码，请加国家代码，例如 +86。',
  sendCode: '获取验证码',
  busy: '请稍候…',
  required: '请填写此项。',
  codeTitle: '输入验证码',
  codeText: (phone) => `如果 ${phone} 已注册，验证码短信将在一分钟内送达。`,
  code: '验证码',
  codeHint: '短信中的 6 位数字',
  confirm: '注销账号',
  confirmText: (app) => `提交验证码即表示您请求我们注销您的 ${app} 账号。`,
  resend: '重新发送',
  resendIn: (seconds) => `${seconds} 秒后可重新发送`,
  resent: '验证码已重新发送。',
  otherNumber: '更换手机号',
  heldTitle: '已收到您的注销申请',
  heldText: (time) => `为了您的账号安全，注销需要等待。请在 ${time}后回到本页面，用新的验证码确认。`,
  heldWhen: (moment) => `可在 ${moment} 之后的一周内确认。`,
  heldApp: '如果您已登录应用，可以在应用内批准或拒绝本次注销。',
  heldOther: '您是该手机号的新主人，账号不属于您？请在应用中注册，您将获得自己的新账号。',
  refusedTitle: '账号所有者已拒绝',
  refusedText: '该账号已登录的设备拒绝了本次注销，没有数据被删除。',
  refusedAgain: (time) => `您可以在${time}后再次申请。`,
  doneTitle: '已完成',
  doneText: (days) => `该手机号已没有账号，剩余数据将在 ${days} 天内删除。`,
  doneAgain: '您可以关闭本页面。',
  ended: '操作已结束，请重新开始。',
  startAgain: '重新开始',
}

export const texts: Record<Language, Texts> = { en, zh }
