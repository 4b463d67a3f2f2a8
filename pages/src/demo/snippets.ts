/** The call of the TypeScript client that makes a request. */

import type { Exchange } from '@doorstep/client'
import { shortenJson } from './shorten'

type Body = Readonly<Record<string, unknown>>

const text = (value: unknown) => JSON.stringify(value ?? '')

/** An object without the fields that are absent. */
function object(fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).filter(([, value]) => value !== undefined)
  return parts.length === 0 ? '' : `{ ${parts.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')} }`
}

function sendCode(body: Body): string {
  const captcha = body.captcha_id ? `, captcha: { id: captcha.id, answer: ${text(body.captcha_answer)} }` : ''
  const accepted = body.accepted ? `, accepted: ${text(body.accepted)}` : ''
  return `{ phoneNumber: ${text(body.phone_number)}${captcha}${accepted} }`
}

function flow(name: string, constructor: string): Record<string, (body: Body) => string> {
  return {
    [`${name}SendCode`]: (body) => `const flow = ${constructor}\nawait flow.sendCode(${sendCode(body)})`,
    [`${name}ResendCode`]: () => 'await flow.resendCode()',
    [`${name}VerifyCode`]: (body) => `await flow.verifyCode(${text(body.code)})`,
    [`${name}SetPassword`]: (body) => `await flow.setPassword(${text(body.password)})`,
    [`${name}StartAnew`]: () => 'await flow.startAnew()',
    [`${name}Status`]: () => 'await flow.resume()',
  }
}

const SNIPPETS: Readonly<Record<string, (body: Body) => string>> = {
  captchasCreate: (body) => {
    const kind = object({ kind: body.kind, theme: body.theme })
    return `const captcha = await doorstep.captcha(${kind})\nimage.src = captcha.image`
  },
  ...flow('register', 'doorstep.signUp()'),
  ...flow('login', 'doorstep.signIn()'),
  ...flow('passwordReset', 'doorstep.passwordReset()'),
  ...flow('accountDeletion', 'doorstep.deletion()'),
  ...flow('deletion', 'doorstep.deletion()'),
  registerSubmitProfile: (body) =>
    `await flow.submitProfile(${object({ nickname: body.nickname, gender: body.gender, birthday: body.birthday })})`,
  loginWithPassword: (body) => {
    const options = object({ phoneNumber: body.phone_number, password: body.password })
    return `const flow = doorstep.signIn()\nawait flow.withPassword(${options})`
  },
  loginClaim: (body) => `await flow.claim(${object({ password: body.password })})`,
  tokensRefresh: () => '// By itself, before an access token expires:\nawait doorstep.session.accessToken()',
  meRead: () => 'const user = await doorstep.account.me()',
  meUpdate: update,
  meChange: update,
  deletionConfirm: () => 'await doorstep.deletion().withPassword(password)',
  meChangePassword: () => 'await doorstep.account.changePassword({ currentPassword, newPassword })',
  meAcceptDocuments: (body) => `await doorstep.account.acceptDocuments(${text(body.accepted)})`,
  sessionsList: () => 'const devices = await doorstep.account.sessions()',
  sessionsEnd: () => 'await doorstep.account.endSession(device.id)',
  sessionsLogOut: (body) => `await doorstep.session.signOut(${object({ everywhere: body.everywhere })})`,
}

function update(body: Body): string {
  const { clear, ...set } = body
  return `await doorstep.account.update(${object({ ...set, clear })})`
}

export function snippet({ operation, request }: Exchange): string {
  const body = request.body === undefined ? {} : (shortenJson(request.body) as Body)
  return SNIPPETS[operation]?.(body) ?? `await doorstep.session.call('${operation}')`
}
