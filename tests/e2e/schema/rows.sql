-- Fixed rows: keys are made from a counter, so that a test can name them.
create function sample_id(kind text, n integer) returns uuid language sql immutable as $$
  select md5(kind || '/' || n)::uuid
$$;

insert into profiles (id, username, full_name, age, score, rating, active, joined_on, manager_id,
                      created_at, updated_at)
select sample_id('profile', n),
       (array['ada','grace','linus','margaret','dennis','barbara','edsger','frances'])[n],
       (array['Ada Lovelace','Grace Hopper','Linus T.','Margaret "Maggie" Hamilton',null,
              'Barbara Liskov','Edsger W. Dijkstra','Frances, E. Allen'])[n],
       (array[36, 85, 55, 88, 70, 85, 72, null])[n],
       (array[12.50, 0, 99.99, 100, -3.10, 12.5, 1000000.01, 7])[n]::numeric,
       (array[1, 0.5, 1e21, -2.25, null, 3.0000001, 0, 1e-7])[n],
       n <> 5,
       date '2020-01-29' + n * 37,
       case when n > 2 then sample_id('profile', (n + 1) / 3) end,
       timestamptz '2024-01-01 00:00:00+00' + n * interval '1 day',
       timestamptz '2024-01-01 00:00:00+00' + n * interval '1 day' + interval '123456 microseconds'
from generate_series(1, 8) n order by n;

insert into todos (id, profile_id, title, done, priority, estimate, status, labels, meta, due_at,
                   created_at, updated_at)
select sample_id('todo', n),
       case when n % 7 <> 0 then sample_id('profile', 1 + n % 6) end,
       case n % 5 when 0 then 'Buy milk (' || n || ')' when 1 then 'Write "docs", part ' || n
                  when 2 then 'Fix bug #' || n when 3 then 'naïve café 日本 ' || n
                  else 'a_b%c* ' || n end,
       n % 3 = 0,
       n % 11,
       case when n % 4 <> 0 then (n * 1.25)::numeric(10,2) end,
       (array['open','doing','blocked','closed']::todo_status[])[1 + n % 4],
       case n % 4 when 0 then '{}'::text[] when 1 then '{home}' when 2 then '{work,urgent}'
                  else '{home,"two words","com,ma"}' end,
       case when n % 6 <> 0 then
         jsonb_build_object('size', n, 'ratio', n / 4.0, 'name', 'm' || n,
                            'flags', jsonb_build_array(n % 2 = 0, null, 'x'),
                            'deep', jsonb_build_object('level', n % 3, 'none', null)) end,
       case when n % 5 <> 0 then
         timestamptz '2024-06-01 12:00:00+00' + n * interval '37 hours 1 second' end,
       timestamptz '2024-02-01 00:00:00+00' + n * interval '1 hour',
       timestamptz '2024-02-02 00:00:00+00' + n * interval '1 hour'
from generate_series(1, 40) n order by n;

insert into tags (id, name, color)
select sample_id('tag', n), (array['red','green','blue','unused'])[n],
       (array['#f00', '#0f0', null, '#000'])[n]
from generate_series(1, 4) n order by n;

insert into todo_tags (todo_id, tag_id, weight)
select sample_id('todo', t), sample_id('tag', g), t * 10 + g
from generate_series(1, 12) t, generate_series(1, 3) g where (t + g) % 2 = 0 order by t, g;

insert into comments (id, todo_id, author_id, parent_id, body, created_at)
select sample_id('comment', n), sample_id('todo', 1 + (n % 10)),
       case when n % 4 <> 0 then sample_id('profile', 1 + n % 8) end,
       case when n > 10 then sample_id('comment', n - 10) end,
       'Comment ' || n || case when n % 3 = 0 then E'\nsecond line' else '' end,
       timestamptz '2024-03-01 00:00:00+00' + n * interval '10 minutes'
from generate_series(1, 30) n order by n;

insert into stock (warehouse, sku, quantity, updated_at)
select w, s, length(w) * 10 + length(s), timestamptz '2024-04-01 00:00:00+00'
from unnest(array['north', 'south west', 'a/b']) w, unnest(array['bolt', 'nut', 'x,y']) s;

insert into readings (sensor, value)
select 'sensor ' || n % 3, n * 1.005 from generate_series(1, 9) n order by n;

insert into submissions (id, body) values (sample_id('submission', 1), 'the first one');
insert into secrets (body) values ('not for the public');
truncate audit.effects;
