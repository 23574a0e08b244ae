/** Roles - the nodes of a cluster by role: commands, queries or gateway, of one context or of all. */
import type { ServiceFile } from "../../node/services.ts";
import { SettingsError } from "../../node/settings.ts";

/** The services of each role, by its name (`commands`, `radar-queries`). */
export type Roles = ReadonlyMap<string, readonly ServiceFile[]>;
/** The nodes to start by default. */
export const NODES = "commands=2,queries=2,gateway=2";
/** Maximum number of nodes of one role. */
const MOST = 32;

/** `radar/radar,radar/detection`, as SERVICES takes it. */
export const servicesText = (files: readonly ServiceFile[]): string => files.map(({ context, name }) => `${context}/${name}`).join(",");

/** The role of each node to start. Throws a SettingsError with one line for each mistake. */
export function nodesOf(text: string, roles: Roles): readonly string[] {
	const complaints: string[] = [];
	const nodes = text.split(",").flatMap((one) => {
		const [, role = "", number = "1"] = /^\s*([a-z-]+)(?:=(\d+))?\s*$/.exec(one) ?? [];
		if (!roles.has(role))
			complaints.push(`--nodes names "${one}": it has to be role=number, with a role of ${[...roles.keys()].join(", ")}`);
		else if (Number(number) < 1 || Number(number) > MOST) complaints.push(`--nodes says ${one}: there can be 1 to ${MOST} of a role`);
		else return Array.from({ length: Number(number) }, () => role);
		return [];
	});
	const run = new Set(nodes.flatMap((role) => roles.get(role) ?? []).map(({ url }) => url.href));
	const left = [...roles].filter(
		([role, files]) => role !== "commands" && role !== "queries" && files.some(({ url }) => !run.has(url.href)),
	);
	if (complaints.length === 0 && left.length > 0) complaints.push(`--nodes leaves out ${left.map(([role]) => role).join(", ")}`);
	if (complaints.length > 0) throw new SettingsError(complaints.join("\n"));
	return nodes;
}
