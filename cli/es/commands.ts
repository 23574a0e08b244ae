/** Commands - the table of all operator commands, used by the REPL, the command line and the reference page. */
import { esDiff, esHistory, esState } from "./actors.ts";
import { esBackup, esRestore } from "./backup.ts";
import type { Command, Described, OfflineCommand } from "./command.ts";
import { esLag } from "./lag.ts";
import { esParked } from "./parked.ts";
import { esRebuild } from "./rebuild.ts";
import { esRewrap } from "./rewrap.ts";
import { esTail } from "./tail.ts";
import { esHeads, esVerify } from "./verify.ts";

export const commands: readonly Command[] = [
	esState,
	esHistory,
	esDiff,
	esTail,
	esLag,
	esParked,
	esVerify,
	esHeads,
	esRebuild,
	esBackup,
	esRewrap,
];
/** Commands that exist only on the command line. */
export const offline: readonly OfflineCommand[] = [esRestore];

/** All commands of the command line. */
export const all: readonly (Command | OfflineCommand)[] = [...commands, ...offline];

/** Finds a command by its name in the REPL, or by its shorter name on the command line. */
export const commandNamed = (name: string): Command | undefined => commands.find(isNamed(name));
export const anyNamed = (name: string): Command | OfflineCommand | undefined => all.find(isNamed(name));
const isNamed = (name: string) => (command: Described) => command.name === name || command.name === `es-${name}`;
