/** Identity - a process calls as itself, and may use only the actions that it declares. */
import type { Identity } from "../../model/access.ts";
import type { AnyProcess } from "../../model/index.ts";

export const identityOf = ({ name, sends }: Pick<AnyProcess, "name" | "sends">): Identity => ({
	sub: `process:${name}`,
	roles: ["process"],
	does: sends,
});
