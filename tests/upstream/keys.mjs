// Keys and secrets of the test upstream. They open nothing but a database that a test has just
// made.

export const anonKey = 'sb_publishable_fakeFakeFakeFakeFakeFa_00000000';
export const serviceKey = 'sb_secret_fakeFakeFakeFakeFakeFa_00000000';
export const jwtSecret = 'fake-jwt-secret-of-the-test-upstream-0000000000';
