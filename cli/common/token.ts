/** Token - the credentials of a command that calls the gateway: VIGIE_TOKEN, or else the token in the data folder of a system on this machine. */
import { resolve } from "node:path";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { completed } from "../../node/settings.ts";
import { ownTokenIn } from "../../node/own-token.ts";

export function tokenIn(env: NodeJS.ProcessEnv): string | undefined {
	const { VIGIE_TOKEN, DATA_DIR }: NodeJS.ProcessEnv = completed(env);
	return VIGIE_TOKEN || (ownTokenIn(resolve(DATA_DIR || ENVIRONMENT.DATA_DIR.default)) ?? undefined);
}
