/** A value of a table. A name that every object has, such as `constructor`, is not in a table. */
export function own<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, name) ? table[name] : undefined
}
