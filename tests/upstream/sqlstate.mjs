// The HTTP status that PostgREST documents for an SQLSTATE.

const byCode = new Map([
  ['23503', 409],
  ['23505', 409],
  ['25006', 405],
  ['42883', 404],
  ['42P01', 404],
  ['42P17', 500],
  ['53400', 500],
  ['57P01', 503],
  ['P0001', 400],
]);

const byClass = new Map([
  ['08', 503],
  ['09', 500],
  ['0L', 403],
  ['0P', 403],
  ['25', 500],
  ['28', 403],
  ['2D', 500],
  ['38', 500],
  ['39', 500],
  ['3B', 500],
  ['40', 500],
  ['53', 503],
  ['54', 500],
  ['55', 500],
  ['57', 500],
  ['58', 500],
  ['F0', 500],
  ['HV', 500],
  ['P0', 500],
  ['XX', 500],
]);

export const isSqlState = (code) => typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);

// A privilege error means "sign in" to an anonymous caller and "forbidden" to everybody else.
export function httpStatus(code, { anonymous }) {
  if (code === '42501') return anonymous ? 401 : 403;
  const chosen = /^PT(\d{3})$/.exec(code);
  if (chosen) return Number(chosen[1]);
  return byCode.get(code) ?? byClass.get(code.slice(0, 2)) ?? 400;
}
