// Bodies of every response as a service of tomorrow and one of yesterday send them, for the tests of the clients.

const NEW_VALUE = "value_of_tomorrow";
const NEW_FIELD = { field_of_tomorrow: { a: [1] } };
const TIME = "2026-11-20T12:00:00.000Z";

/** Tomorrow: values and fields that are not in the document. */
export function tomorrow({ schemas }) {
  return bodies(schemas, (property) => property.open, (properties) => properties, NEW_FIELD);
}

/** Yesterday: only what the document requires, because optional fields may be newer than the service. */
export function yesterday({ schemas }) {
  return bodies(schemas, () => false, (properties) => properties.filter(({ required }) => required), {});
}

function bodies(schemas, isUnknown, choose, more) {
  const byName = new Map(schemas.map((schema) => [schema.name, schema]));
  const body = ({ properties }) => ({
    ...Object.fromEntries(choose(properties).map((one) => [one.name, isUnknown(one) ? NEW_VALUE : value(one)])),
    ...more,
  });
  const value = ({ type, example }) => {
    switch (type.kind) {
      case "string": return example ?? "text";
      case "time": return TIME;
      case "integer": return 7;
      case "number": return 7.5;
      case "boolean": return true;
      case "array": return [value({ type: type.of }), value({ type: type.of })];
      case "map": return { "X-Name": value({ type: type.of }) };
      default: return byName.get(type.name).values?.at(-1) ?? body(byName.get(type.name));
    }
  };
  const responses = schemas.filter(({ response }) => response);
  return Object.fromEntries(responses.map((schema) => [schema.name, body(schema)]));
}
