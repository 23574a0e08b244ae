/** Commands - the one table of what an operator can do: the REPL, the command line and the reference page are made from it. */
import { esDiff, esHistory, esState } from "./actors.ts";
import type { Command } from "./command.ts";
import { esLag } from "./lag.ts";
import { esParked } from "./parked.ts";
import { esRebuild } from "./rebuild.ts";
import { esTail } from "./tail.ts";
import { esHeads, esVerify } from "./verify.ts";

export const commands: readonly Command[] = [esState, esHistory, esDiff, esTail, esLag, esParked, esVerify, esHeads, esRebuild];

/** By its name in the REPL, or by the shorter one of the command line. */
export const commandNamed = (name: string): Command | undefined =>
	commands.find((command) => command.name === name || command.name === `es-${name}`);
