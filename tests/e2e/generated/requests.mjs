// Random read requests as trees, each printed twice: as PostgREST's URL, and as the SQL that
// PostgREST's documentation says it stands for.

import {
  columns, isArray, isDocument, isRange, isText, odd, otherValues, plain, relations,
} from './types.mjs';

const sqlName = (name) => `"${name.replaceAll('"', '""')}"`;

// PostgREST gives embeds as jsonb, whose members come in this order.
function asEmbedded(names, subquery) {
  const members = [...new Set(names)].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return `select ${members.map(sqlName).join(', ')} from (${subquery}) y`;
}
export const sqlText = (text) => `'${text.replaceAll("'", "''")}'`;
const quoted = (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const comparisons = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' };
const sets = { cs: '@>', cd: '<@', ov: '&&' };
const ranges = { sl: '<<', sr: '>>', nxr: '&<', nxl: '&>', adj: '-|-' };
const patterns = { like: 'like', ilike: 'ilike', match: '~', imatch: '~*' };
const operators = { ...comparisons, ...sets, ...ranges, ...patterns, isdistinct: 'is distinct from' };
const zones = ['America/New_York', 'Asia/Kathmandu', 'Europe/Berlin', 'UTC'];
const scalars = Object.keys(columns).filter((name) => !isDocument(name));

export class Requests {
  constructor(random) {
    this.random = random;
  }

  next() {
    this.faults = 0;
    this.csv = this.random.chance(0.1);
    this.zone = this.random.chance(0.1) ? this.random.pick(zones) : null;
    const kind = this.random.weighted([[80, 'rows'], [10, 'aggregate'], [3, 'spread'], [3, 'embedded']]);
    if (kind === 'rows') return this.#rows();
    if (kind === 'aggregate') return this.#aggregate();
    return kind === 'spread' ? this.#groupedBySpread() : this.#aggregatesOfEmbed();
  }

  #columnsOf(table) {
    return table === 'things' ? ['id', 'owner_id', ...Object.keys(columns)] : plain[table];
  }

  #value(name) {
    if (this.random.chance(0.04)) return this.random.pick(odd);
    return this.random.pick(columns[name]?.values ?? otherValues[name]);
  }

  #path(name) {
    if (!isDocument(name) || this.random.chance(0.4)) return { url: '', sql: '' };
    const steps = this.random.pick([['a'], ['a', 'b'], ['b'], [0], [1], [-1], ['a', 'b', 1], [2, 'a']]);
    const text = this.random.chance(0.6);
    const last = steps.length - 1;
    const arrow = (n) => (text && n === last ? '->>' : '->');
    return {
      text,
      last: steps.findLast((step) => typeof step === 'string'),
      url: steps.map((step, n) => arrow(n) + step).join(''),
      sql: steps
        .map((step, n) => arrow(n) + (typeof step === 'number' ? step : sqlText(step)))
        .join(''),
    };
  }

  #operand(table, alias) {
    const name = this.random.pick(this.#columnsOf(table));
    const path = this.#path(name);
    return { name, path, url: name + path.url, sql: `(${alias}.${sqlName(name)}${path.sql})` };
  }

  #operator(operand) {
    const { name, path } = operand;
    const pool = [...Object.keys(comparisons), 'in', 'is', 'isdistinct', 'any'];
    if (isText(name) || name === 'name' || path.text) pool.push('like', 'ilike', 'match', 'all');
    if ((name === 'doc' && !path.text) || isArray(name)) pool.push('cs', 'cd', 'cs');
    if (isArray(name)) pool.push('ov');
    if (isRange(name)) pool.push('cs', 'cd', 'ov', ...Object.keys(ranges));
    if (this.random.chance(0.02)) return this.random.pick(Object.keys(operators));
    return this.random.pick(pool);
  }

  // {url: "op.value", sql: "a = 'b'"}; `nested`: inside a logic tree.
  #test(operand, nested) {
    const { random } = this;
    const op = this.#operator(operand);
    this.faults += 1;
    const value = () => (operand.path.text ? random.pick(['x', '1', '2', 'é', 'y']) : this.#value(operand.name));
    if (op === 'is') {
      const what = random.pick(['null', 'not_null', ...(operand.name === 'flag' ? ['true', 'false', 'unknown'] : [])]);
      return { url: `is.${what}`, sql: `${operand.sql} is ${what.replace('_', ' ')}` };
    }
    if (op === 'in') {
      const list = Array.from({ length: random.between(1, 4) }, value);
      // One empty element stands for an empty list.
      if (list.length === 1 && list[0] === '') list.push('a');
      const array = sqlText(`{${list.map(quoted).join(',')}}`);
      return { url: `in.(${list.map(quoted).join(',')})`, sql: `${operand.sql} = any (${array})` };
    }
    if (op === 'any' || op === 'all') {
      const list = Array.from({ length: random.between(1, 3) }, value);
      const word = op === 'any' ? random.pick(['eq', 'gt', 'lte']) : random.pick(['like', 'ilike', 'gte']);
      const like = word.endsWith('like');
      const array = `{${list.map(quoted).join(',')}}`;
      const read = like ? array.replaceAll('*', '%') : array;
      return {
        url: `${word}(${op}).${nested ? quoted(array) : array}`,
        sql: `${operand.sql} ${operators[word]} ${op} (${sqlText(read)})`,
      };
    }
    return this.#single(operand, op, value(), nested);
  }

  #single(operand, op, text, nested) {
    let value = text;
    if (op === 'match') value = this.random.pick(['^a', 'b$', 'a b', '^x_y$']);
    else if (op === 'like' || op === 'ilike') {
      value = this.random.pick(['*', 'a*', '*b', '%a%', '_', `*${text.slice(0, 2)}*`]);
    }
    const read = op === 'like' || op === 'ilike' ? value.replaceAll('*', '%') : value;
    return {
      url: `${op}.${nested ? quoted(value) : value}`,
      sql: `${operand.sql} ${operators[op]} ${sqlText(read)}`,
    };
  }

  #negated(test) {
    return this.random.chance(0.15)
      ? { url: `not.${test.url}`, sql: `not (${test.sql})` }
      : { url: test.url, sql: `(${test.sql})` };
  }

  #tree(table, alias, depth) {
    const { random } = this;
    const word = random.pick(['and', 'or']);
    const operands = Array.from({ length: random.between(2, 3) }, () => {
      if (depth < 2 && random.chance(0.25)) {
        const inner = this.#tree(table, alias, depth + 1);
        return { url: inner.not + inner.word + inner.list, sql: inner.sql };
      }
      const operand = this.#operand(table, alias);
      const test = this.#negated(this.#test(operand, true));
      return { url: `${operand.url}.${test.url}`, sql: test.sql };
    });
    const not = random.chance(0.15) ? 'not.' : '';
    const joined = operands.map(({ sql }) => sql).join(` ${word} `);
    return {
      word,
      not,
      list: `(${operands.map(({ url }) => url).join(',')})`,
      sql: `${not ? 'not ' : ''}(${joined})`,
    };
  }

  #filters(table, alias, prefix) {
    const params = [];
    const terms = [];
    for (let n = this.random.weighted([[3, 0], [5, 1], [2, 2]]); n > 0; n -= 1) {
      if (this.random.chance(0.25)) {
        const tree = this.#tree(table, alias, 0);
        params.push([prefix + tree.not + tree.word, tree.list]);
        terms.push(tree.sql);
      } else {
        const operand = this.#operand(table, alias);
        const test = this.#negated(this.#test(operand, false));
        params.push([prefix + operand.url, test.url]);
        terms.push(test.sql);
      }
    }
    return { params, terms };
  }

  #field(table, alias) {
    const { random } = this;
    const operand = this.#operand(table, alias);
    const cast = random.chance(0.1) ? random.pick(['text', 'integer', 'numeric', 'float8', 'boolean', 'date', 'bigint']) : '';
    if (cast) this.faults += 1;
    const renamed = random.chance(0.15) ? `r${random.between(1, 9)}` : '';
    const name = renamed || operand.path.last || operand.name;
    return {
      name,
      url: (renamed && `${renamed}:`) + operand.url + (cast && `::${cast}`),
      sql: `${cast ? `cast(${operand.sql} as ${cast})` : operand.sql} as ${sqlName(name)}`,
    };
  }

  // The members of a row: {url, sql, joins, params}; `path` is the embed's place.
  #members(table, alias, path, depth) {
    const { random } = this;
    const out = { url: [], sql: [], joins: [], params: [], inner: [] };
    const names = new Set();
    const add = (field) => {
      if (names.has(field.name)) return;
      names.add(field.name);
      out.url.push(field.url);
      out.sql.push(field.sql);
    };
    if (random.chance(0.1)) {
      for (const name of this.#columnsOf(table)) names.add(name);
      out.url.push('*');
      out.sql.push(`${alias}.*`);
    } else {
      add({ name: 'id', url: 'id', sql: `${alias}.id` });
      for (let n = random.between(0, 4); n > 0; n -= 1) add(this.#field(table, alias));
    }
    out.names = [...names];
    const targets = Object.keys(relations[table]);
    if (targets.length > 0 && random.chance(depth === 0 ? 0.4 : 0.25) && depth < 3) {
      this.#embed(table, alias, random.pick(targets), path, depth, out);
    }
    return out;
  }

  #embed(table, alias, target, path, depth, out) {
    const { random } = this;
    const { many, through, on } = relations[table][target];
    const place = [...path, target];
    const prefix = `${place.join('.')}.`;
    const row = `t${depth + 1}`;
    const rows = this.#members(target, row, place, depth + 1);
    // PostgREST takes digits before a closing parenthesis for a key, not for an index.
    if (/->>?-?\d+$/.test(rows.url.at(-1))) {
      for (const each of [rows.url, rows.sql, rows.names]) each.unshift(each.pop());
    }
    const filters = random.chance(0.4) ? this.#filters(target, row, prefix) : { params: [], terms: [] };
    const inner = random.chance(0.25);
    const order = this.#order(target, row);
    const from = `public.${target} ${row}${through ? `, public.${through} j` : ''} ${rows.joins.join(' ')}`;
    const where = [on(alias, row), ...filters.terms, ...rows.inner].join(' and ');
    const select = `select ${rows.sql.join(', ')} from ${from} where ${where}`;
    const projected = (subquery) => asEmbedded(rows.names, subquery);
    const lateral = `e${depth + 1}`;
    if (!inner && depth === 0 && random.chance(0.25)) {
      return this.#spread({ target, many, rows, select, order, lateral, prefix }, filters, out);
    }
    out.url.push(`${target}${inner ? '!inner' : ''}(${rows.url.join(',')})`);
    if (depth === 0 && random.chance(0.3)) {
      const not = random.chance(0.5) ? 'not.' : '';
      out.params.push([target, `${not}is.null`]);
      out.inner.push(`${lateral}.v is ${not ? 'not ' : ''}null`);
    }
    if (depth === 0 && !many && random.chance(0.4)) out.orders = [target, lateral];
    if (many) {
      const limit = random.chance(0.3) ? random.between(0, 3) : null;
      out.sql.push(`coalesce(${lateral}.v${this.csv ? '::jsonb' : ''}, '[]') as ${target}`);
      out.joins.push(`left join lateral (select json_agg(x) as v from (${projected(`${select} order by ${order.sql}${
        limit === null ? '' : ` limit ${limit}`}`)}) x) ${lateral} on true`);
      if (inner) out.inner.push(`${lateral}.v is not null`);
      out.params.push([`${prefix}order`, order.url]);
      if (limit !== null) out.params.push([`${prefix}limit`, String(limit)]);
    } else {
      out.sql.push(`${lateral}.v${this.csv ? '::jsonb' : ''} as ${target}`);
      out.joins.push(`${inner ? 'join' : 'left join'} lateral (select row_to_json(x) as v${
        out.orders ? ', x.*' : ''} from (${projected(select)}) x) ${lateral} on true`);
    }
    out.names.push(target);
    out.params.push(...filters.params, ...rows.params);
  }

  // To-one: the row's members beside the parent's own; to-many: an array for each of them.
  #spread({ target, many, rows, select, order, lateral, prefix }, filters, out) {
    out.url.push(`...${target}(${rows.url.join(',')})`);
    // As json_agg() writes them, without its blanks.
    const list = (name) => `'[' || string_agg(coalesce(to_json(x.${name})::text, 'null'), ',') || ']'`;
    const of = many
      ? (name) => `coalesce(${list(name)}, '[]')::${this.csv ? 'jsonb' : 'json'} as ${name}`
      : (name) => `x.${name}`;
    const names = rows.names.map(sqlName);
    const ordered = many ? `${select} order by ${order.sql}` : select;
    out.sql.push(...names.map((name) => `${lateral}.${name}`));
    out.joins.push(`left join lateral (select ${names.map(of).join(', ')} from (${ordered}) x) ${lateral} on true`);
    if (many) out.params.push([`${prefix}order`, order.url]);
    out.params.push(...filters.params, ...rows.params);
  }

  #order(table, alias) {
    const { random } = this;
    const terms = [];
    for (let n = random.weighted([[4, 0], [5, 1], [1, 2]]); n > 0; n -= 1) {
      const operand = this.#operand(table, alias);
      if (operand.name === 'raw' && !operand.path.text) continue;
      const way = random.pick(['', '.asc', '.desc']);
      const nulls = random.pick(['', '', '.nullsfirst', '.nullslast']);
      terms.push({
        url: operand.url + way + nulls,
        sql: `${operand.sql}${way.replace('.', ' ')}${nulls.replace('.nulls', ' nulls ')}`,
      });
    }
    terms.push({ url: 'id', sql: `${alias}.id` });
    return { url: terms.map(({ url }) => url).join(','), sql: terms.map(({ sql }) => sql).join(', ') };
  }

  #rows() {
    const { random } = this;
    const table = random.weighted([[7, 'things'], [2, 'owners'], [1, 'passports']]);
    const members = this.#members(table, 't0', [], 0);
    const filters = this.#filters(table, 't0', '');
    const order = this.#order(table, 't0');
    if (members.orders) {
      const [embed, lateral] = members.orders;
      const way = random.pick(['', '.desc', '.desc.nullslast', '.nullsfirst']);
      order.url = `${embed}(id)${way},${order.url}`;
      order.sql = `${lateral}.id${way.replace('.desc', ' desc').replace('.nulls', ' nulls ')}, ${order.sql}`;
    }
    const limit = random.chance(0.4) ? random.between(0, 20) : null;
    // With no rows asked PostgREST refuses an offset.
    const offset = limit !== 0 && random.chance(0.15) ? random.between(0, 4) : 0;
    // PostgREST counts without the embeds' limits, which the SQL here does not.
    const limited = members.params.some(([name]) => name.endsWith('.limit'));
    const count = random.chance(0.2) && !limited;
    const terms = [...filters.terms, ...members.inner];
    const from = `from public.${table} t0 ${members.joins.join(' ')}${
      terms.length > 0 ? ` where ${terms.join(' and ')}` : ''}`;
    const params = [['select', members.url.join(',')], ...members.params, ...filters.params, ['order', order.url]];
    if (limit !== null) params.push(['limit', String(limit)]);
    if (offset > 0) params.push(['offset', String(offset)]);
    return this.#request(table, params, {
      count,
      rows: `select ${members.sql.join(', ')} ${from} order by ${order.sql}${
        limit === null ? '' : ` limit ${limit}`} offset ${offset}`,
      total: `select count(*) ${from}`,
    });
  }

  #aggregate() {
    const { random } = this;
    const group = random.chance(0.6) ? random.pick(['owner_id', 'flag', 'mood', 'small', 'num', 'word', 'price', 'pause', 'fixed']) : null;
    const calls = [{ name: 'count', url: 'count()', sql: 'count(*) as count' }];
    for (let n = random.between(1, 3); n > 0; n -= 1) {
      const call = random.pick(['sum', 'avg', 'min', 'max']);
      const numeric = ['small', 'whole', 'big', 'num', 'price', 'ratio', 'weight', 'pause'];
      const name = random.pick(call.length === 3 && call[0] !== 'm' ? numeric : scalars);
      const alias = `${call}_${name}`;
      if (calls.some((other) => other.name === alias)) continue;
      calls.push({
        name: alias,
        url: `${alias}:${name}.${call}()`,
        sql: `${call}(t0.${sqlName(name)}) as ${alias}`,
      });
    }
    const filters = this.#filters('things', 't0', '');
    const where = filters.terms.length > 0 ? ` where ${filters.terms.join(' and ')}` : '';
    const select = calls.map(({ url }) => url);
    const sql = calls.map((call) => call.sql);
    const params = [['select', [...(group ? [group] : []), ...select].join(',')], ...filters.params];
    if (group) params.push(['order', group]);
    const head = group ? `t0.${group}, ` : '';
    const tail = group ? ` group by t0.${group} order by t0.${group}` : '';
    return this.#request('things', params, {
      count: false,
      rows: `select ${head}${sql.join(', ')} from public.things t0${where}${tail}`,
    });
  }

  // Groups by what a to-one spread gives.
  #groupedBySpread() {
    const { random } = this;
    const column = random.pick(['name', 'boss_id']);
    const calls = ['count()', ...random.pick([[], ['n:small.sum()'], ['n:num.avg()'], ['n:day.max()']])];
    const sql = calls.map((call) => call.replace('count()', 'count(*) as count').replace(
      /n:(\w+)\.(\w+)\(\)/, '$2(t0.$1) as n'));
    const filters = this.#filters('things', 't0', '');
    const where = filters.terms.length > 0 ? ` where ${filters.terms.join(' and ')}` : '';
    return this.#request('things',
      [['select', [...calls, `...owners(${column})`].join(',')], ...filters.params, ['order', `owners(${column})`]], {
        count: false,
        rows: `select ${sql.join(', ')}, e1.${column} from public.things t0
          left join lateral (select t1.${column} from public.owners t1 where t1.id = t0.owner_id) e1 on true
          ${where} group by e1.${column} order by e1.${column}`,
      });
  }

  // Aggregates over each parent's rows, all of them or in groups.
  #aggregatesOfEmbed() {
    const { random } = this;
    const group = random.chance(0.5) ? random.pick(['flag', 'mood', 'small']) : null;
    const call = random.pick(['small.sum()', 'price.avg()', 'word.max()', 'made.min()']);
    const [, name, what] = /(\w+)\.(\w+)/.exec(call);
    const filters = this.#filters('things', 't1', 'things.');
    const where = ['t1.owner_id = t0.id', ...filters.terms].join(' and ');
    const select = `select ${group ? `t1.${group}, ` : ''}count(*) as count, ${what}(t1.${name}) as ${what}
      from public.things t1 where ${where} ${group ? `group by t1.${group} order by t1.${group}` : ''}`;
    const embedded = asEmbedded([...(group ? [group] : []), 'count', what], select);
    const params = [
      ['select', `id,things(${group ? `${group},` : ''}count(),${call})`], ...filters.params, ['order', 'id']];
    if (group) params.push(['things.order', group]);
    return this.#request('owners', params, {
      count: false,
      rows: `select t0.id, coalesce(e1.v${this.csv ? '::jsonb' : ''}, '[]') as things from public.owners t0
        left join lateral (select json_agg(x) as v from (${embedded}) x) e1 on true order by t0.id`,
    });
  }

  #request(table, params, { count, rows, total }) {
    const query = params
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&');
    // `faults`: how many parts might be refused.
    const { csv, zone, faults } = this;
    return { path: `/rest/v1/${table}?${query}`, count, rows, total, csv, zone, faults };
  }
}
