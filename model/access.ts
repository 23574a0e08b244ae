/**
 * Access - the roles, and which of them may do what. Every command, ask, read model and further action says it as data (`may`); an action
 * without it is refused to all.
 */

/** Roles of people of the agency and its partners, given to users and clients. */
export const staffRoles = [
	"administrator",
	"operator",
	"metrologist",
	"officer",
	"supervisor",
	"cashier",
	"clerk",
	"auditor",
	"seller",
	"storekeeper",
] as const;
/** Roles of machines, given only to clients. */
export const machineRoles = ["device", "fleet", "bank"] as const;
/** Roles that follow from how a request came: nothing gives them. */
const impliedRoles = ["owner", "visitor", "process"] as const;

/** All roles. */
export const roles = [...staffRoles, ...machineRoles, ...impliedRoles] as const;
export type Role = (typeof roles)[number];
/** Roles of users. */
export type StaffRole = (typeof staffRoles)[number];
/** Roles of clients. */
export const clientRoles = [...staffRoles, ...machineRoles] as const;
export type ClientRole = (typeof clientRoles)[number];
/** Also the nodes of the system, which call each other. */
export type AnyRole = Role | "node";

/**
 * How much of an action a role may do. `all`: any actor. `device`: only what names the device's own radar in `radar`. `declared`: only what
 * the process declares that it sends.
 */
export type Scope = "all" | "device" | "declared";

/** The roles that may use an action: `{ officer: "all", device: "device" }`. */
export type May = { readonly [R in AnyRole]?: R extends "process" ? "declared" : R extends "device" ? "device" : "all" };

/** The staff that reads cases, vehicles and owners; auditors read everything. */
export const STAFF = { operator: "all", officer: "all", supervisor: "all", clerk: "all", auditor: "all" } as const satisfies May;

/** Operators keep the register of radars, owners and vehicles, and the system. */
export const OPERATOR = { operator: "all" } as const satisfies May;
/** Administrators give roles, and read them like the auditors. */
export const ADMINISTRATOR = { administrator: "all" } as const satisfies May;
export const KEEPER = { administrator: "all", auditor: "all" } as const satisfies May;
/** Only processes and consults, and each only what it declares. */
export const PROCESS = { process: "declared" } as const satisfies May;

/** The caller of an action, as its passport says. */
export interface Identity {
	/** `user:ada`, `client:speed-cam-4`, `operator:root`, `process:case-opening`, `node:n-1` or `visitor`; facts keep it as `by`. */
	readonly sub: string;
	readonly roles: readonly AnyRole[];
	/** The radar of a device. */
	readonly radar?: string;
	/** The session or credential. */
	readonly sid?: string;
	/** The only actions that a process may use. */
	readonly does?: readonly string[];
}

/**
 * Why an identity may not use an action; null if it may. `action`: the name of the action for one: `detection.record`, also for
 * `detection.recordMany`. `items`: the params of each item.
 */
export function denialOf(
	{ roles, radar, does }: Identity,
	may: May = {},
	action: string,
	items: readonly Readonly<Record<string, unknown>>[],
): string | null {
	const scopes: readonly (Scope | undefined)[] = roles.map((role) => may[role]);
	if (scopes.includes("all")) return null;
	if (scopes.includes("declared") && does?.includes(action)) return null;
	if (!scopes.includes("device")) return `${action} takes ${takenBy(may)}`;
	const isOwn = radar !== undefined && items.every((item) => item["radar"] === radar);
	return isOwn ? null : `A device may use ${action} only for its own radar`;
}
function takenBy(may: May): string {
	const given = Object.keys(may).filter((role) => !OWN.has(role));
	return given.length === 0 ? "no role that anyone is given" : `the role ${given.join(" or ")}`;
}
const OWN: ReadonlySet<string> = new Set<AnyRole>(["visitor", "process", "node"]);
