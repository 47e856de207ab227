// Where an answer may differ from PostgreSQL's, and why. Everything else is a fault.

const isDataError = (answer) => answer.code?.startsWith('22') || answer.code === '0A000';

const rules = [
  {
    reason: 'of several faulty parts or values PostgreSQL reports the one that it meets first',
    holds: ({ faults }, ours, theirs) =>
      Boolean(ours.code && theirs.code) && (faults > 1 || (isDataError(ours) && isDataError(theirs))),
  },
  {
    reason: 'PostgreSQL may cast rows that an offset, a limit or an embed then leaves out',
    holds: ({ path }, ours, theirs) =>
      !ours.code && isDataError(theirs) && /%3A%3A/.test(path) && /offset=|limit=|select=[^&]*%28/.test(path),
  },
];

export const knownDifference = (request, ours, theirs) =>
  rules.find(({ holds }) => holds(request, ours, theirs))?.reason;
