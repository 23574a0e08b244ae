/** Installation - the ids of the installations that own the log and the rows of a database: one document each. */
import type { Connection } from "./connection.ts";

export const INSTALLATION = "installation";
export interface KeptInstallation {
	readonly _id: "log" | "rows";
	readonly id: string;
}

export async function adoptInstallation(connection: Connection, of: KeptInstallation["_id"], id: string): Promise<void> {
	await connection.in<KeptInstallation, unknown>(INSTALLATION, (all) => all.updateOne({ _id: of }, { $set: { id } }, { upsert: true }));
}
