/** The screens name each other: this file gives them one place to import from. */

export { welcome } from './welcome'
export { flowScreen, resumeFlow } from './flow'
export { signInScreen } from './sign-in'
export { home } from './home'
export { editProfile } from './profile'
export { devices } from './devices'
export { changePassword } from './password'
export { deleteAccount } from './delete'
export { ending } from './ending'
