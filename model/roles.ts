/** Roles - everything that a person or a machine may be in the system. A role names what it may do; the models say what that is. */

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
