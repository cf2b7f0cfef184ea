/** Sets a field as `JSON.parse` does: `__proto__` becomes a field like any other instead of the object's prototype. */
export function setField(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

/** The fields of a map that are said on the wire: as for `JSON.stringify`, those that are undefined are not. */
export function fieldsOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => field !== undefined);
}
