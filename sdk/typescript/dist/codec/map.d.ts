/** Sets a field as `JSON.parse` does: `__proto__` becomes a field like any other instead of the object's prototype. */
export declare function setField(map: Record<string, unknown>, key: string, value: unknown): void;
/** The fields of a map that are said on the wire: as for `JSON.stringify`, those that are undefined are not. */
export declare function fieldsOf(value: object): [string, unknown][];
