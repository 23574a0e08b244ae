/** Commands - the one table of what an operator can do: the REPL, the command line and the reference page are made from it. */
import { esDiff, esHistory, esState } from "./actors.ts";
import { esBackup, esRestore } from "./backup.ts";
import type { Command, Described, OfflineCommand } from "./command.ts";
import { esLag } from "./lag.ts";
import { esParked } from "./parked.ts";
import { esRebuild } from "./rebuild.ts";
import { esTail } from "./tail.ts";
import { esHeads, esVerify } from "./verify.ts";

export const commands: readonly Command[] = [esState, esHistory, esDiff, esTail, esLag, esParked, esVerify, esHeads, esRebuild, esBackup];
/** Those of the command line alone. */
export const offline: readonly OfflineCommand[] = [esRestore];

/** Every command of the command line. */
export const all: readonly (Command | OfflineCommand)[] = [...commands, ...offline];

/** By its name in the REPL, or by the shorter one of the command line. */
export const commandNamed = (name: string): Command | undefined => commands.find(isNamed(name));
export const anyNamed = (name: string): Command | OfflineCommand | undefined => all.find(isNamed(name));
const isNamed = (name: string) => (command: Described) => command.name === name || command.name === `es-${name}`;
