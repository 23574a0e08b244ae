/**
 * Operator - the person at this terminal. A user of the machine who can open the data folder, or has the keys of the cluster, needs no other
 * login: the operating system has checked that user, and facts contain the name.
 */
import { userInfo } from "node:os";
import type { Identity } from "../../model/access.ts";
import { staffRoles } from "../../model/access.ts";

function userName(): string {
	try {
		return `operator:${userInfo().username}`;
	} catch {
		return "operator"; // a user without a name, as in some containers
	}
}

export const OPERATOR: Identity = { sub: userName(), roles: staffRoles };
