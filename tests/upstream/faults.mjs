// Faults that a test orders for coming requests, and the log of what the upstream saw.
//
// A fault is {match?, method?, times?, delay?, status?, headers?, body?, drop?, cut?, twice?}:
// `match` is a regular expression over path and query, `method` one method, `times` how often it
// strikes (absent: until cleared), `delay` milliseconds before anything happens, `status` an answer
// instead of the real one, `drop` closes the connection without an answer: "before" the request
// takes effect, or "after" it has; `cut` closes it in the middle of the answer; with `twice` the
// request arrives two times.

export class Faults {
  #armed = [];

  add(fault) {
    if (fault.method && !/^[A-Z]+$/.test(fault.method)) {
      throw new Error(`no method: ${fault.method}`);
    }
    this.#armed.push({ ...fault, pattern: fault.match ? new RegExp(fault.match) : null });
  }

  clear() {
    this.#armed = [];
  }

  list() {
    return this.#armed.map(({ pattern, ...fault }) => fault);
  }

  // The first armed fault for this request, counted down; null when none applies.
  take(method, target) {
    const fault = this.#armed.find(
      (one) => (!one.method || one.method === method) && (!one.pattern || one.pattern.test(target)),
    );
    if (!fault) return null;
    if (fault.times !== undefined) {
      fault.times -= 1;
      if (fault.times <= 0) this.#armed.splice(this.#armed.indexOf(fault), 1);
    }
    return fault;
  }
}

export class RequestLog {
  #entries = [];

  add(request, target) {
    this.#entries.push({
      method: request.method,
      path: target,
      headers: Object.fromEntries(request.headers),
    });
  }

  list() {
    return this.#entries;
  }

  clear() {
    this.#entries = [];
  }
}
