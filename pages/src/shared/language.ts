/** Language of the page: the service has chosen it by `Accept-Language`, and the user can switch. */

export type Language = 'en' | 'zh'

export function pageLanguage(): Language {
  return document.documentElement.lang.startsWith('zh') ? 'zh' : 'en'
}

/** Tag for `Accept-Language`, and for the `lang` of the document. */
export const tags: Record<Language, string> = { en: 'en', zh: 'zh-CN' }
