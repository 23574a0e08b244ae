/** Sendings - finds the commands that each process sends in its source, and so the senders of commands without a route. */
import type { AnyProcess } from "../../model/index.ts";
import type { House, Stated } from "../common/catalogue.ts";
import type { Sources } from "./sources.ts";

/** Full names, in the order of the source. */
export function sendsOf(sources: Sources, { path, constant }: Stated<AnyProcess>): string[] {
	const next = sources.field(sources.constant(path, constant), "next");
	return next ? sources.said("send", next) : [];
}

/** The processes that send each command. */
export function sendersOf(sources: Sources, { processes }: House): ReadonlyMap<string, readonly string[]> {
	const senders = new Map<string, string[]>();
	for (const stated of processes)
		for (const command of sendsOf(sources, stated)) senders.set(command, [...(senders.get(command) ?? []), stated.value.name]);
	return senders;
}
