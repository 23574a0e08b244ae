/** May - the roles that may use the actions that mixins add: operators run the system, auditors examine it, and its nodes call each other. */
import { machineRoles, type May, staffRoles } from "../../model/access.ts";

export const EXAMINER = { operator: "all", auditor: "all" } as const satisfies May;
export const NODE = { node: "all" } as const satisfies May;
/** Also visitors: what needs no login, or what the gateway hands to its own handler. */
export const ANYONE = { visitor: "all" } as const satisfies May;
/** Every user and client. */
export const KNOWN: May = Object.fromEntries([...staffRoles, ...machineRoles].map((role) => [role, role === "device" ? role : "all"]));
