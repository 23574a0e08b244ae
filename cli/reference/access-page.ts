/** Access - the page of the matrix: which role may use which action, from the models, the mixins and the gateway's own routes. */
import { OWN_ROUTES } from "../../mixins/http/own-routes.ts";
import { type AnyRole, machineRoles, type May, staffRoles } from "../../model/index.ts";
import type { House } from "../common/catalogue.ts";
import { code, page, table } from "./markdown.ts";

const INTRODUCTION = `Which roles may use which action. A dot means: any actor; \`device\`: only what concerns its own radar; \`declared\`: only what the
process declares that it sends, and what a command consults. An action for many (\`<name>Many\`) has the roles of the one for one. Roles
that may use nothing yet are left out, and the nodes of the system may use what they need to call each other. Everyone else is refused: a caller
without valid credentials with 401 \`UNAUTHENTICATED\`, any other one with 403 \`FORBIDDEN\`, which names the roles.`;

/** In the order of the columns. */
const ROLES: readonly AnyRole[] = [...staffRoles, ...machineRoles, "process", "node"];

export function accessPage({ services }: House): string {
	const actions = services.flatMap(({ name: service, actions }) =>
		actions
			.filter(({ name, schema }) => !name.endsWith("Many") && schema.may?.visitor === undefined)
			.map(({ name, schema }) => ({ service, name, may: schema.may ?? {} })),
	);
	const routes = Object.entries(OWN_ROUTES).map(([name, { may }]) => ({ service: "the gateway itself", name, may }));
	const used = (all: readonly { readonly may: May }[]): readonly AnyRole[] => ROLES.filter((role) => all.some(({ may }) => may[role]));
	return page(
		"Access",
		INTRODUCTION.replaceAll("\n", " "),
		...[...Map.groupBy([...actions, ...routes], ({ service }) => service)].map(([service, all]) => {
			const columns = used(all);
			return `## ${service}\n\n${table(
				["action", ...columns, "without a login"],
				all.map(({ name, may }) => [code(name), ...columns.map((role) => signOf(may[role])), may.visitor === undefined ? "" : "●"]),
			)}`;
		}),
	);
}

const signOf = (scope: May[AnyRole]): string => (scope === undefined ? "" : scope === "all" ? "●" : scope);
