/** Token - the credentials of a measured system: its client has all roles. */
export const TOKEN = "a-token-for-measurements-only-32-characters";
export const authorization = `Bearer ${TOKEN}`;
