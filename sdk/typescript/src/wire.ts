import type { Schemas } from './generated/operations.js'
import type { User } from './models.js'

type CamelName<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelName<Tail>>}` : Name

/** A type of the wire with names in camelCase, one level deep. */
export type Camel<T> = { [Name in keyof T as CamelName<Name>]: T[Name] }

/** Renames the fields of one object from snake_case to camelCase. Absent and `null` stay as they are. */
export function camel<T extends object>(wire: T): Camel<T> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(wire)) renamed[camelName(name)] = value
  return renamed as Camel<T>
}

/** Renames the fields of one object from camelCase to snake_case, and drops those that are undefined. */
export function snake(fields: object): Record<string, unknown> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) renamed[snakeName(name)] = value
  }
  return renamed
}

export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function camelName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

export function toUser(wire: Schemas['User']): User {
  const none = { phoneNumber: null, avatarUrl: null, gender: null, birthday: null }
  return { ...none, ...camel(wire) } as unknown as User
}
