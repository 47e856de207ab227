// Types that JSDoc cannot say: those that name themselves.

import type { Digits } from './exact.js';

export type Json = null | boolean | number | string | Digits | Json[] | { [name: string]: Json };
export type Child = Node | string | number | null | undefined | false | Child[];
