// How column values travel as JSON: the same text as PostgREST's for the types where the package
// differs.

const isJsonText = (value) => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

// Every digit of a numeric or a large bigint must survive, so the text itself becomes the number.
const exactNumber = (text) => (/^-?\d/.test(text) ? JSON.rawJSON(text) : text);

const isoTimestamp = (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');

const asText = (text) => text;

const type = (oid, serialize, parse) => ({ to: oid, from: [oid], serialize, parse });

// The package hands over documents that are text already; encoding them again would store a string.
const jsonText = (value) =>
  typeof value === 'string' && isJsonText(value) ? value : JSON.stringify(value);

export const wireFormats = {
  bytea: type(17, asText, asText),
  bigint: type(20, String, (text) =>
    Number.isSafeInteger(Number(text)) ? Number(text) : exactNumber(text),
  ),
  json: type(114, jsonText, JSON.parse),
  timestamp: type(1114, asText, isoTimestamp),
  timestamptz: type(1184, asText, isoTimestamp),
  numeric: type(1700, String, exactNumber),
  jsonb: type(3802, jsonText, JSON.parse),
};
